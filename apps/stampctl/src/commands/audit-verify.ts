import { exitCodes } from '@lapidary/kernel/error-catalogue';
import { AuditApi } from '../client/audit-api.js';
import type { Command } from '../invocation.js';
import { chainText } from '../output/audit-text.js';

/** A broken chain is a difference found, not a command that failed. */
export const auditVerify: Command = async (invocation) => {
  const report = await new AuditApi(invocation.connect()).verify();
  await invocation.output.result({ data: report, name: report.ok ? 'unbroken' : 'broken', table: (view) => chainText(report, view) });
  return report.ok ? exitCodes.ok : exitCodes.changes;
};
