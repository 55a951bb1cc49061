import {
  CollectionNameSchema,
  CollectionPageSchema,
  CollectionSchema,
  DefineCollectionSchema,
  PolicyPreviewSchema,
  type CollectionView,
  type DefineCollection,
  type PolicyPreview,
} from '@lapidary/contracts/api/collections';
import { PageQuerySchema } from '@lapidary/contracts/api/common';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { defineCollection, resolveDefinition } from '@lapidary/replication/collections/definitions';
import { Body, Controller, Get, Headers, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { recordAudit } from '../audit/record-audit.js';
import '../auth/request-augmentation.js';
import { Command, send } from '../http/command-decorator.js';
import { CommandRunner, type CommandRequest } from '../http/command-runner.js';
import { decodeCursor, pageFrom } from '../http/cursor.js';
import { etagOf, requireMatch } from '../http/etag.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { CollectionTools } from './collection-tools.js';
import { listCollections, showCollection } from './collection-row.js';
import { PostgresCollections } from './postgres-collections.js';
import { previewPolicy } from './preview.js';

/** Definitions of collections: in every region, replicated and merged as their documents are. */
@Controller('v1/collections')
export class CollectionsController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly runner: CommandRunner,
    private readonly tools: CollectionTools,
    private readonly clock: HybridLogicalClock,
  ) {}

  @Get()
  @ApiAnswers({ summary: 'List collections', tag: 'collections', answers: { 200: CollectionPageSchema } })
  async list(@Query({ schema: PageQuerySchema }) query: z.infer<typeof PageQuerySchema>): Promise<z.infer<typeof CollectionPageSchema>> {
    const views = await listCollections(this.dataSource, decodeCursor(query.cursor), query.limit);
    return pageFrom(
      views,
      query.limit,
      (view) => view.name,
      (view) => view,
    );
  }

  @Get(':collection')
  @ApiAnswers({
    summary: 'Show a collection: policy, budgets, and which are passed',
    tag: 'collections',
    answers: { 200: CollectionSchema },
  })
  async show(
    @Param('collection', { schema: CollectionNameSchema }) collection: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CollectionView> {
    const view = await showCollection(this.dataSource, collection);
    reply.header('etag', etagOf(view.version));
    return view;
  }

  @Put(':collection')
  @ApiAnswers({
    summary: 'Define a collection, or change its policy and budgets',
    tag: 'collections',
    answers: { 200: CollectionSchema },
    idempotent: true,
    conditional: true,
  })
  async define(
    @Param('collection', { schema: CollectionNameSchema }) collection: string,
    @Body({ schema: DefineCollectionSchema }) body: DefineCollection,
    @Headers('if-match') ifMatch: string | undefined,
    @Command() request: CommandRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CollectionView> {
    const site = await this.tools.site();
    const answer = await this.runner.run(request, async (tx, context) => {
      const store = new PostgresCollections(tx, this.clock, context);
      requireMatch(ifMatch, resolveDefinition(await store.definition(collection))?.definition.version ?? 0);
      const { definition } = await defineCollection(store, site, collection, body);
      await recordAudit(tx, context, 'collection.defined', `collection/${collection}`, {
        version: definition.version,
        policy: definition.policy,
      });
      const view = await showCollection(tx, collection);
      return { status: 200, body: view, headers: { etag: etagOf(view.version) } };
    });
    return send(reply, answer);
  }

  @Post(':collection/policy/preview')
  @ApiAnswers({
    summary: 'What a policy would change: open states resolved anew, past decisions of the ledger taken again',
    description: 'For operators of the region that is asked, and about documents that may be there; not through another region.',
    tag: 'collections',
    answers: { 201: PolicyPreviewSchema },
  })
  async preview(
    @Param('collection', { schema: CollectionNameSchema }) collection: string,
    @Body({ schema: DefineCollectionSchema }) body: DefineCollection,
    @Req() { principal }: FastifyRequest,
  ): Promise<PolicyPreview> {
    const { region } = await this.tools.site();
    return await previewPolicy(this.dataSource, { principal, region }, collection, body);
  }
}
