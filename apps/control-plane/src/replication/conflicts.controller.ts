import {
  ConflictCountsQuerySchema,
  ConflictCountsSchema,
  ConflictListQuerySchema,
  ConflictPageSchema,
  ConflictSchema,
  type ConflictView,
} from '@lapidary/contracts/api/replication';
import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { Controller, Get, Inject, Param, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import '../auth/request-augmentation.js';
import { CONFIG } from '../process/tokens.js';
import { sideWithoutValue, subjectsShownTo, valuesWithheldFrom } from '../residency/shown-values.js';
import { countConflicts, getConflict, listConflicts, type ConflictRow } from './conflict-rows.js';
import { decodeCursor, pageFrom } from '../http/cursor.js';
import { ApiAnswers } from '../openapi/api-answers.js';

/** The conflict ledger: what lost where two regions wrote the same, kept for people. */
@Controller('v1/conflicts')
export class ConflictsController {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  @Get()
  @ApiAnswers({ summary: 'List conflicts between regions, the newest first', tag: 'replication', answers: { 200: ConflictPageSchema } })
  async list(
    @Query({ schema: ConflictListQuerySchema }) query: z.infer<typeof ConflictListQuerySchema>,
    @Req() request: FastifyRequest,
  ): Promise<z.infer<typeof ConflictPageSchema>> {
    const rows = await listConflicts(this.dataSource, { ...query, before: decodeCursor(query.cursor) });
    const hidden = await this.hidden(request, rows);
    return pageFrom(
      await subjectsShownTo(this.dataSource, request.principal, rows, query.subject),
      query.limit,
      (row) => row.place,
      (row) => viewOf(row, hidden),
    );
  }

  @Get('counts')
  @ApiAnswers({ summary: 'Count conflicts by collection', tag: 'replication', answers: { 200: ConflictCountsSchema } })
  async counts(
    @Query({ schema: ConflictCountsQuerySchema }) _query: z.infer<typeof ConflictCountsQuerySchema>,
  ): Promise<z.infer<typeof ConflictCountsSchema>> {
    return { items: await countConflicts(this.dataSource) };
  }

  @Get(':id')
  @ApiAnswers({ summary: 'Show a conflict with both sides', tag: 'replication', answers: { 200: ConflictSchema } })
  async show(@Param('id') id: string, @Req() request: FastifyRequest): Promise<ConflictView> {
    const row = await getConflict(this.dataSource, id);
    const [shown] = await subjectsShownTo(this.dataSource, request.principal, [row]);
    return viewOf(shown!, await this.hidden(request, [row]));
  }

  /** Tenants whose values this caller is not shown. */
  private async hidden(request: FastifyRequest, rows: readonly ConflictRow[]): Promise<ReadonlySet<string>> {
    const tenants = [...new Set(rows.flatMap((row) => row.tenant || []))];
    return await valuesWithheldFrom(this.dataSource, request.principal, this.config.LAPIDARY_REGION, tenants);
  }
}

const viewOf = (row: ConflictRow, hidden: ReadonlySet<string>): ConflictView => ({
  id: row.id,
  policy: row.policy,
  subject: row.subject,
  collection: row.collection,
  tenant: row.tenant,
  field: row.field,
  winner: hidden.has(row.tenant ?? '') ? sideWithoutValue(row.winner) : row.winner,
  loser: hidden.has(row.tenant ?? '') ? sideWithoutValue(row.loser) : row.loser,
  cause: row.cause,
  detectedAt: row.detected_at.toISOString(),
});
