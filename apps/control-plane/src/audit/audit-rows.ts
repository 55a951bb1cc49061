import type { AuditListQuerySchema } from '@lapidary/contracts/api/system';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import type { z } from 'zod';
import { placeSql, readPlace } from '../http/time-place.js';

export interface AuditRow {
  readonly id: string;
  readonly sequence: string | null;
  readonly at: Date;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly reason: string | null;
  readonly request_id: string;
  readonly change: Record<string, unknown> | null;
  readonly hash: string | null;
  readonly place: string;
}

const select = `SELECT id, sequence, at, actor, action, subject, reason, request_id, change, hash, ${placeSql('at')} AS place FROM audit`;

export type AuditQuery = Omit<z.infer<typeof AuditListQuerySchema>, 'cursor' | 'region'> & { readonly before: string | null };

/**
 * One page in SQL, in the order of an index on the time, alone or behind the one of the others that is asked for (migration 83): a page costs what it shows,
 * however long the audit is. Only the conditions that are asked for stand in it, so that the planner needs to guess nothing.
 */
export const auditPage = (q: AuditQuery): { readonly sql: string; readonly values: readonly unknown[] } => {
  const values: unknown[] = [];
  const value = (given: unknown): string => `$${values.push(given)}`;
  const conditions = [
    ...(q.subject === undefined ? [] : [`subject = ${value(q.subject)}`]),
    ...(q.actor === undefined ? [] : [`actor = ${value(q.actor)}`]),
    ...(q.action === undefined ? [] : [`action = ${value(q.action)}`]),
    ...(q.since === undefined ? [] : [`at >= ${value(q.since)}::timestamptz`]),
    ...(q.until === undefined ? [] : [`at < ${value(q.until)}::timestamptz`]),
  ];
  if (q.before !== null) {
    const [time, id] = readPlace(q.before);
    conditions.push(`(at, id) < (${value(time)}::timestamptz, ${value(id)})`);
  }
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  return { sql: `${select}${where} ORDER BY at DESC, id DESC LIMIT ${value(q.limit + 1)}`, values };
};

/** One row more than `limit`, the newest first. */
export const listAudit = async (reader: Reader, query: AuditQuery): Promise<AuditRow[]> => {
  const { sql, values } = auditPage(query);
  return await rowsOf<AuditRow>(reader, sql, [...values]);
};
