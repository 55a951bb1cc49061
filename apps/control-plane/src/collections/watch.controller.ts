import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { CollectionNameSchema } from '@lapidary/contracts/api/collections';
import { WatchQuerySchema } from '@lapidary/contracts/api/watch';
import { AppError } from '@lapidary/kernel/app-error';
import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { Authenticator } from '../auth/authenticator.js';
import { presentCaller } from '../auth/present-caller.js';
import { StampsToo } from '../auth/role-guard.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { CONFIG } from '../process/tokens.js';
import { CollectionTools } from './collection-tools.js';
import { definedCollection } from './collection-row.js';
import { askedOf } from './asked.js';
import { scopeOf } from './scope.js';
import { parseWatchCursor } from './watch-cursor.js';
import { watchDocuments, type WatchOptions } from './watch-documents.js';
import { WatchHub } from './watch-hub.js';
import { WatchStream } from './watch-stream.js';

@Controller('v1/collections/:collection')
@StampsToo()
export class WatchController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly tools: CollectionTools,
    private readonly hub: WatchHub,
    private readonly authenticator: Authenticator,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  @Get('documents/watch')
  @ApiAnswers({
    summary: 'Documents as they change, as server-sent events (WatchedDocument as data)',
    description:
      'Resumes at Last-Event-ID without loss, in the region that gave it. What lies between two states of a document may be left out, the last one never is. Ends with the right to read, also where the token is revoked, and after 15 minutes at the latest: come back with the last id.',
    tag: 'collections',
    answers: { 200: null },
  })
  async watch(
    @Param('collection', { schema: CollectionNameSchema }) collection: string,
    @Query({ schema: WatchQuerySchema }) query: z.infer<typeof WatchQuerySchema>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const last = request.headers['last-event-id'] ?? query.cursor ?? '';
    const cursor = typeof last === 'string' && last !== '' ? parseWatchCursor(last) : null;
    if (cursor === null && last !== '') throw new AppError('invalid_input', 'The cursor is not one that was given out');
    const asked = askedOf(request, query);
    const caller = presentCaller(this.authenticator, request);
    const scope: WatchOptions['scope'] = async () => {
      const { definition } = await definedCollection(this.dataSource, collection);
      const tenant = await scopeOf(this.dataSource, definition, { ...asked, principal: await caller() }, 'read');
      return { definition, of: { collection, kind: definition.policy.kind, tenant, id: query.id ?? null, prefix: query.prefix ?? '' } };
    };
    await scope();
    const { epoch } = await this.tools.site();
    await this.hub.watch(collection, asked.principal.actor, async (wakeup) => {
      reply.hijack();
      const headers = {
        ...reply.getHeaders(),
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      };
      reply.raw.writeHead(200, headers as Record<string, string>);
      const stream = new WatchStream(reply.raw);
      await watchDocuments(stream, {
        dataSource: this.dataSource,
        region: this.config.LAPIDARY_REGION,
        epoch,
        scope,
        cursor,
        snapshot: query.snapshot,
        wakeup,
        signal: this.hub.signal,
      });
      stream.end();
    });
  }
}
