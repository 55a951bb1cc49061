import * as paths from '@lapidary/contracts/api/paths';
import { AuditPageSchema, ChainReportSchema, type AuditEntry, type ChainReport } from '@lapidary/contracts/api/system';
import type { Api } from './api.js';

/** The calls about who changed what. */
export class AuditApi {
  constructor(private readonly api: Api) {}

  async list(
    query: Readonly<Record<string, string | undefined>>,
    limit: number,
  ): Promise<{ readonly items: readonly AuditEntry[]; readonly next: string | null }> {
    return await this.api.all(paths.auditPath, AuditPageSchema, query, limit);
  }

  async verify(): Promise<ChainReport> {
    return (await this.api.http.request('GET', paths.auditVerifyPath, { schema: ChainReportSchema })).value;
  }
}
