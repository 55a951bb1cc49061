import { driftSeverities, type DriftStatus } from '@lapidary/contracts/api/drift';
import type { Reader } from '@lapidary/db/transaction';
import { countFindings } from './finding-rows.js';
import { failedSince, lastFullRun, runViewOf, type RunRow } from './run-rows.js';

/** When the next scheduled run is due: an interval after the last one began, so that restarts neither add nor skip any. */
export const dueAtMs = (last: Pick<RunRow, 'created_at'> | null, sinceMs: number, intervalMs: number): number =>
  (last === null ? sinceMs : last.created_at.getTime()) + intervalMs;

/** A run over a hundred stamps takes minutes, and a failed one is made good for by the next. */
const overdueMs = 600_000;

/** No run over all stamps has ended well for longer than two of them should take; where none ever has, since somebody leads. */
export const isOverdue = (last: Pick<RunRow, 'created_at'> | null, sinceMs: number, intervalMs: number): boolean =>
  Date.now() > dueAtMs(last, sinceMs, 2 * intervalMs) + overdueMs;

export const readDriftStatus = async (reader: Reader, region: string, intervalMs: number): Promise<DriftStatus> => {
  const [counts, last] = [await countFindings(reader), await lastFullRun(reader)];
  const failed = await failedSince(reader, last);
  const open = counts.filter((c) => c.state === 'open');
  const sum = (list: typeof counts): number => list.reduce((total, c) => total + c.count, 0);
  const oldest = open.map((c) => c.oldest.getTime()).sort((a, b) => a - b)[0];
  return {
    region,
    open: Object.fromEntries(driftSeverities.map((s) => [s, sum(open.filter((c) => c.severity === s))])) as DriftStatus['open'],
    suppressed: sum(counts.filter((c) => c.state === 'suppressed')),
    oldestOpen: oldest === undefined ? null : new Date(oldest).toISOString(),
    lastRun: last && runViewOf(last),
    blind: last?.sensors.filter((s) => s.canary === 'missed').map((s) => s.kind) ?? [],
    isOverdue: last !== null && isOverdue(last, 0, intervalMs),
    failed: failed && { ...failed, at: failed.at.toISOString() },
    quarantined: open.reduce((total, c) => total + c.quarantined, 0),
    nextRunAt: last && new Date(dueAtMs(last, 0, intervalMs)).toISOString(),
  };
};
