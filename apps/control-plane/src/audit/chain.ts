import { createHash } from 'node:crypto';
import { canonicalJson } from '@lapidary/kernel/canonical-json';

/** What an audit row says, as text that comes out of the database the same for ever (times with all their digits). */
export interface AuditFacts {
  readonly id: string;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly reason: string | null;
  readonly request_id: string;
  readonly change: unknown;
}

/** Columns of AuditFacts; everything that the hash covers. */
export const auditFactColumns = `id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, actor, action, subject, reason, request_id, change`;

/** Before the first row. */
export const chainStart = '';

/** Each row's hash covers the hash before it: nobody can change, drop or insert a row without changing all that follow. */
export const chainHash = (previous: string, sequence: number, facts: AuditFacts): string =>
  createHash('sha256')
    .update(
      canonicalJson([
        previous,
        sequence,
        facts.id,
        facts.at,
        facts.actor,
        facts.action,
        facts.subject,
        facts.reason,
        facts.request_id,
        facts.change ?? null,
      ]),
    )
    .digest('hex');
