import {
  AuditListQuerySchema,
  AuditPageSchema,
  ChainReportSchema,
  type AuditEntry,
  type ChainReport,
} from '@lapidary/contracts/api/system';
import { Controller, Get, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { AppError } from '@lapidary/kernel/app-error';
import { requireRole } from '../auth/principal.js';
import { decodeCursor, pageFrom } from '../http/cursor.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { listAudit, type AuditRow } from './audit-rows.js';
import { verifyChain } from './verify-chain.js';

@Controller('v1/audit')
export class AuditController {
  constructor(private readonly dataSource: DataSource) {}

  @Get()
  @ApiAnswers({ summary: 'Who changed what, the newest first', tag: 'audit', answers: { 200: AuditPageSchema } })
  async list(
    @Query({ schema: AuditListQuerySchema }) query: z.infer<typeof AuditListQuerySchema>,
  ): Promise<z.infer<typeof AuditPageSchema>> {
    const { cursor, ...asked } = query;
    const rows = await listAudit(this.dataSource, { ...asked, before: decodeCursor(cursor) });
    return pageFrom(rows, query.limit, (row) => row.place, viewOf);
  }

  @Get('verify')
  @ApiAnswers({ summary: 'Recompute the hash chain of the audit', tag: 'audit', answers: { 200: ChainReportSchema } })
  async verify(@Req() request: FastifyRequest): Promise<ChainReport> {
    if (!request.principal) throw new AppError('unauthenticated');
    // It reads every row: not for everybody to ask for.
    requireRole(request.principal, 'admin');
    return await verifyChain(this.dataSource);
  }
}

const viewOf = (row: AuditRow): AuditEntry => ({
  id: row.id,
  sequence: row.sequence === null ? null : Number(row.sequence),
  at: row.at.toISOString(),
  actor: row.actor,
  action: row.action,
  subject: row.subject,
  reason: row.reason,
  requestId: row.request_id,
  change: row.change,
  hash: row.hash,
});
