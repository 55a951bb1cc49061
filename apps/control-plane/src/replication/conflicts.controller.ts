import {
  ConflictCountsQuerySchema,
  ConflictCountsSchema,
  ConflictListQuerySchema,
  ConflictPageSchema,
  ConflictSchema,
  type ConflictCount,
  type ConflictView,
} from '@lapidary/contracts/api/replication';
import { AppError } from '@lapidary/kernel/app-error';
import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { Controller, Get, Inject, Param, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import '../auth/request-augmentation.js';
import { CONFIG } from '../process/tokens.js';
import { sideWithoutValue, valuesWithheldFrom } from '../residency/shown-values.js';
import { decodeCursor, pageFrom } from '../http/cursor.js';
import { ApiAnswers } from '../openapi/api-answers.js';

interface ConflictRow {
  readonly id: string;
  readonly policy: string;
  readonly subject: string;
  readonly winner: unknown;
  readonly loser: unknown;
  readonly cause: string;
  /** Of documents of collections; '' in a collection of the fleet, null for names. */
  readonly tenant: string | null;
  readonly collection: string | null;
  readonly field: string | null;
  readonly detected_at: Date;
  /** Time and id, so that a page goes on where the one before ended even among conflicts of one moment. */
  readonly place: string;
}

/** As text, since a time of JavaScript would lose the microseconds that the order goes by. */
const select = `SELECT id, policy, subject, winner, loser, cause, collection, tenant, field, detected_at,
  to_char(detected_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || ' ' || id AS place FROM conflict`;

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
    const rows: ConflictRow[] = await this.dataSource.query(
      `SELECT * FROM (${select}) AS ledger WHERE ($1::text IS NULL OR subject = $1) AND ($2::text IS NULL OR place < $2)
          AND ($4::text IS NULL OR collection = $4) AND ($5::text IS NULL OR tenant = $5)
          AND ($6::timestamptz IS NULL OR detected_at >= $6) AND ($7::timestamptz IS NULL OR detected_at < $7)
        ORDER BY place DESC LIMIT $3`,
      [
        query.subject ?? null,
        decodeCursor(query.cursor),
        query.limit + 1,
        query.collection ?? null,
        query.tenant ?? null,
        query.since ?? null,
        query.until ?? null,
      ],
    );
    const hidden = await this.hidden(request, rows);
    return pageFrom(
      rows,
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
    const rows: (Omit<ConflictCount, 'latest'> & { latest: Date })[] = await this.dataSource.query(
      `SELECT collection, count(*)::int AS conflicts, count(DISTINCT subject)::int AS subjects,
              (count(*) FILTER (WHERE detected_at > now() - interval '24 hours'))::int AS today, max(detected_at) AS latest
         FROM conflict GROUP BY collection ORDER BY conflicts DESC, collection`,
    );
    return { items: rows.map((row) => ({ ...row, latest: row.latest.toISOString() })) };
  }

  @Get(':id')
  @ApiAnswers({ summary: 'Show a conflict with both sides', tag: 'replication', answers: { 200: ConflictSchema } })
  async show(@Param('id') id: string, @Req() request: FastifyRequest): Promise<ConflictView> {
    const [row]: ConflictRow[] = await this.dataSource.query(`${select} WHERE id = $1`, [id]);
    if (!row) throw new AppError('not_found', `There is no conflict ${id}`);
    return viewOf(row, await this.hidden(request, [row]));
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
