import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import {
  causalHeader,
  CollectionNameSchema,
  DocumentIdSchema,
  DocumentListQuerySchema,
  DocumentPageSchema,
  DocumentQuerySchema,
  DocumentSchema,
  OperateSchema,
  PatchDocumentSchema,
  PutDocumentSchema,
  type DocumentView,
} from '@lapidary/contracts/api/collections';
import { WriteDocumentsSchema, WrittenDocumentsSchema, type WrittenDocuments } from '@lapidary/contracts/api/document-writes';
import { AppError } from '@lapidary/kernel/app-error';
import { isUnbegun } from '@lapidary/replication/collections/document-state';
import { Body, Controller, Delete, Get, Inject, Param, Patch, Post, Put, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { StampsToo } from '../auth/role-guard.js';
import { Command, send } from '../http/command-decorator.js';
import type { CommandRequest } from '../http/command-runner.js';
import { decodeCursor, pageFrom } from '../http/cursor.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { CONFIG } from '../process/tokens.js';
import { askedOf, headerOf } from './asked.js';
import { causalTokenNow, causalTokenOfAll, waitForCausal } from './causal-wait.js';
import { CollectionTools } from './collection-tools.js';
import { definedCollection } from './collection-row.js';
import { documentViewOf, listDocuments, readDocument } from './document-row.js';
import { DocumentWriter } from './document-writer.js';
import { DocumentsWriter } from './documents-writer.js';
import { scopeOf } from './scope.js';
import { unreadableDocument } from './unreadable.js';

const causalDescription =
  'With x-lapidary-causal of an earlier answer, of any region: waits until what was seen there is here, or answers not_yet_here.';

type TenantQuery = z.infer<typeof DocumentQuerySchema>;

/** Documents of collections: in every region, also while it is cut off. */
@Controller('v1/collections/:collection')
@StampsToo()
export class DocumentsController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly writer: DocumentWriter,
    private readonly manyWriter: DocumentsWriter,
    private readonly tools: CollectionTools,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  @Get('documents/list')
  @ApiAnswers({
    summary: 'List the documents of a collection, by id',
    description: causalDescription,
    tag: 'collections',
    answers: { 200: DocumentPageSchema },
  })
  async list(
    @Param('collection', { schema: CollectionNameSchema }) collection: string,
    @Query({ schema: DocumentListQuerySchema }) query: z.infer<typeof DocumentListQuerySchema>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof DocumentPageSchema>> {
    await this.seen(request);
    const { definition } = await definedCollection(this.dataSource, collection);
    const tenant = await scopeOf(this.dataSource, definition, askedOf(request, query), 'read');
    const of = { collection, kind: definition.policy.kind, tenant };
    const rows = await listDocuments(this.dataSource, of, {
      after: decodeCursor(query.cursor),
      prefix: query.prefix ?? '',
      limit: query.limit,
    });
    // Asked for after the rows: it covers at least what they show.
    reply.header(causalHeader, await causalTokenOfAll(this.dataSource, this.config.LAPIDARY_REGION));
    return pageFrom(
      rows,
      query.limit,
      (row) => row.id,
      (row) => documentViewOf(collection, row, definition.policy),
    );
  }

  @Post('documents/write')
  @ApiAnswers({
    summary: 'Write many documents, all or none',
    description: `In their order, in one transaction: for imports, which take a request and a commit for each document otherwise. ${causalDescription}`,
    tag: 'collections',
    answers: { 200: WrittenDocumentsSchema },
    idempotent: true,
  })
  async writeMany(
    @Param('collection', { schema: CollectionNameSchema }) collection: string,
    @Body({ schema: WriteDocumentsSchema }) body: z.infer<typeof WriteDocumentsSchema>,
    @Query({ schema: DocumentQuerySchema }) query: TenantQuery,
    @Command() command: CommandRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WrittenDocuments> {
    await this.seen(request);
    return send(reply, await this.manyWriter.write(command, collection, askedOf(request, query), body.writes));
  }

  @Get(':id')
  @ApiAnswers({
    summary: 'Read a document',
    description: causalDescription,
    tag: 'collections',
    answers: { 200: DocumentSchema },
  })
  async read(
    @Param('collection', { schema: CollectionNameSchema }) collection: string,
    @Param('id', { schema: DocumentIdSchema }) id: string,
    @Query({ schema: DocumentQuerySchema }) query: TenantQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DocumentView> {
    await this.seen(request);
    const { definition } = await definedCollection(this.dataSource, collection);
    const tenant = await scopeOf(this.dataSource, definition, askedOf(request, query), 'read');
    const row = await readDocument(this.dataSource, { collection, kind: definition.policy.kind, tenant, id });
    if (!row) throw new AppError('not_found', `There is no document ${id} in ${collection}`);
    const { region, epoch } = await this.tools.site();
    const view = documentViewOf(collection, row, definition.policy);
    if (row.state === null || view.unreadable === true) throw unreadableDocument(collection, id);
    if (isUnbegun(row.state)) throw new AppError('not_yet_here', `The beginning of ${id} has not arrived`, { retryAfterSeconds: 1 });
    reply.header('etag', view.etag);
    reply.header(causalHeader, await causalTokenNow(this.dataSource, region, epoch, row.own_event));
    return view;
  }

  @Put(':id')
  @ApiAnswers({
    summary: 'Write a document as a whole, or append an entry',
    description: causalDescription,
    tag: 'collections',
    answers: { 200: DocumentSchema },
    idempotent: true,
    conditional: true,
  })
  async put(
    @Param('collection', { schema: CollectionNameSchema }) collection: string,
    @Param('id', { schema: DocumentIdSchema }) id: string,
    @Body({ schema: PutDocumentSchema }) body: z.infer<typeof PutDocumentSchema>,
    @Query({ schema: DocumentQuerySchema }) query: TenantQuery,
    @Command() command: CommandRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DocumentView> {
    await this.seen(request);
    return send(
      reply,
      await this.writer.write(command, request, { collection, id, asked: askedOf(request, query) }, { op: 'put', value: body.value }),
    );
  }

  @Patch(':id')
  @ApiAnswers({
    summary: 'Change fields of a document',
    description: causalDescription,
    tag: 'collections',
    answers: { 200: DocumentSchema },
    idempotent: true,
    conditional: true,
  })
  async patch(
    @Param('collection', { schema: CollectionNameSchema }) collection: string,
    @Param('id', { schema: DocumentIdSchema }) id: string,
    @Body({ schema: PatchDocumentSchema }) body: z.infer<typeof PatchDocumentSchema>,
    @Query({ schema: DocumentQuerySchema }) query: TenantQuery,
    @Command() command: CommandRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DocumentView> {
    await this.seen(request);
    return send(
      reply,
      await this.writer.write(command, request, { collection, id, asked: askedOf(request, query) }, { op: 'patch', value: body.value }),
    );
  }

  @Post(':id')
  @ApiAnswers({
    summary: 'Operate a counter, or edit a nested document in place',
    description: causalDescription,
    tag: 'collections',
    answers: { 200: DocumentSchema },
    idempotent: true,
    conditional: true,
  })
  async operate(
    @Param('collection', { schema: CollectionNameSchema }) collection: string,
    @Param('id', { schema: DocumentIdSchema }) id: string,
    @Body({ schema: OperateSchema }) body: z.infer<typeof OperateSchema>,
    @Query({ schema: DocumentQuerySchema }) query: TenantQuery,
    @Command() command: CommandRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DocumentView> {
    const target = { collection, id, asked: askedOf(request, query) };
    await this.seen(request);
    return send(reply, await this.writer.write(command, request, target, { op: 'operate', operations: body.operations }));
  }

  @Delete(':id')
  @ApiAnswers({
    summary: 'Delete a document',
    description: causalDescription,
    tag: 'collections',
    answers: { 200: DocumentSchema },
    idempotent: true,
    conditional: true,
  })
  async remove(
    @Param('collection', { schema: CollectionNameSchema }) collection: string,
    @Param('id', { schema: DocumentIdSchema }) id: string,
    @Query({ schema: DocumentQuerySchema }) query: TenantQuery,
    @Command() command: CommandRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DocumentView> {
    await this.seen(request);
    return send(reply, await this.writer.write(command, request, { collection, id, asked: askedOf(request, query) }, { op: 'delete' }));
  }

  /** Returns when what the caller has seen is here: before a transaction begins, since a writer that waits would hold up others. */
  private async seen(request: FastifyRequest): Promise<void> {
    await waitForCausal(this.dataSource, this.config.LAPIDARY_REGION, headerOf(request, causalHeader));
  }
}
