import { ConflictListQuerySchema, ConflictPageSchema, ConflictSchema, type ConflictView } from '@lapidary/contracts/api/replication';
import { AppError } from '@lapidary/kernel/app-error';
import { Controller, Get, Param, Query } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { decodeCursor, pageFrom } from '../http/cursor.js';
import { ApiAnswers } from '../openapi/api-answers.js';

interface ConflictRow {
  readonly id: string;
  readonly policy: string;
  readonly subject: string;
  readonly winner: unknown;
  readonly loser: unknown;
  readonly cause: string;
  readonly detected_at: Date;
  /** Time and id, so that a page goes on where the one before ended even among conflicts of one moment. */
  readonly place: string;
}

/** As text, since a time of JavaScript would lose the microseconds that the order goes by. */
const select = `SELECT id, policy, subject, winner, loser, cause, detected_at,
  to_char(detected_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || ' ' || id AS place FROM conflict`;

/** The conflict ledger: what lost where two regions wrote the same, kept for people. */
@Controller('v1/conflicts')
export class ConflictsController {
  constructor(private readonly dataSource: DataSource) {}

  @Get()
  @ApiAnswers({ summary: 'List conflicts between regions, the newest first', tag: 'replication', answers: { 200: ConflictPageSchema } })
  async list(
    @Query({ schema: ConflictListQuerySchema }) query: z.infer<typeof ConflictListQuerySchema>,
  ): Promise<z.infer<typeof ConflictPageSchema>> {
    const rows: ConflictRow[] = await this.dataSource.query(
      `SELECT * FROM (${select}) AS ledger WHERE ($1::text IS NULL OR subject = $1) AND ($2::text IS NULL OR place < $2)
        ORDER BY place DESC LIMIT $3`,
      [query.subject ?? null, decodeCursor(query.cursor), query.limit + 1],
    );
    return pageFrom(rows, query.limit, (row) => row.place, viewOf);
  }

  @Get(':id')
  @ApiAnswers({ summary: 'Show a conflict with both sides', tag: 'replication', answers: { 200: ConflictSchema } })
  async show(@Param('id') id: string): Promise<ConflictView> {
    const [row]: ConflictRow[] = await this.dataSource.query(`${select} WHERE id = $1`, [id]);
    if (!row) throw new AppError('not_found', `There is no conflict ${id}`);
    return viewOf(row);
  }
}

const viewOf = (row: ConflictRow): ConflictView => ({
  id: row.id,
  policy: row.policy,
  subject: row.subject,
  winner: row.winner,
  loser: row.loser,
  cause: row.cause,
  detectedAt: row.detected_at.toISOString(),
});
