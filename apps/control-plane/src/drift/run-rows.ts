import {
  DriftRunSchema,
  type DriftRunView,
  type FindingRepair,
  type RepairRequest,
  type SensorReport,
} from '@lapidary/contracts/api/drift';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { newDriftId } from '@lapidary/kernel/ids';
import { nextState } from '@lapidary/kernel/transition-table';
import type { CommandContext } from '../http/command-context.js';
import { runTable, type RunStatus } from './drift-states.js';
import { noteDay } from './trend.js';

export interface RunRow {
  readonly id: string;
  readonly region: string;
  readonly trigger: DriftRunView['trigger'];
  readonly requested_by: string;
  readonly stamp: string | null;
  readonly status: RunStatus;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
  readonly appeared: number;
  readonly resolved: number;
  readonly sensors: SensorReport[];
  readonly repair: RepairRequest | null;
  readonly repairs: FindingRepair[];
  readonly repairs_left: number;
  readonly error: string | null;
}

/** The leader of the drift runs listens here; its timer makes a lost notification harmless. */
export const driftChannel = 'lapidary_drift';

const runSelect = `SELECT id, region, trigger, requested_by, stamp, status, created_at, started_at, finished_at, appeared, resolved, sensors,
                          repair, repairs, repairs_left, error
                     FROM drift_run`;

export const runViewOf = (row: RunRow): DriftRunView =>
  DriftRunSchema.parse({
    id: row.id,
    region: row.region,
    trigger: row.trigger,
    requestedBy: row.requested_by,
    stamp: row.stamp,
    status: row.status,
    createdAt: row.created_at.toISOString(),
    startedAt: row.started_at?.toISOString() ?? null,
    finishedAt: row.finished_at?.toISOString() ?? null,
    appeared: row.appeared,
    resolved: row.resolved,
    sensors: row.sensors,
    repair: row.repair && { dryRun: row.repair.dryRun },
    repairs: row.repairs,
    ...(row.repair ? { repairsLeft: row.repairs_left } : {}),
    error: row.error,
  } satisfies DriftRunView);

export const getRun = async (reader: Reader, id: string): Promise<RunRow> => {
  const [row] = await rowsOf<RunRow>(reader, `${runSelect} WHERE id = $1`, [id]);
  if (!row) throw new AppError('not_found', `There is no drift run ${id}`);
  return row;
};

export const listRuns = async (reader: Reader, query: { readonly before: string | null; readonly limit: number }): Promise<RunRow[]> =>
  rowsOf<RunRow>(reader, `${runSelect} WHERE $1::text IS NULL OR id < $1 ORDER BY id DESC LIMIT $2`, [query.before, query.limit + 1]);

/** The last run over all stamps that was worked to its end. */
export const lastFullRun = async (reader: Reader): Promise<RunRow | null> =>
  (await rowsOf<RunRow>(reader, `${runSelect} WHERE status = 'done' AND stamp IS NULL AND repair IS NULL ORDER BY id DESC LIMIT 1`))[0] ??
  null;

/** The last run over all stamps, however it went: the next one is due an interval after it was begun. */
export const lastRunOverAll = async (reader: Reader): Promise<RunRow | null> =>
  (await rowsOf<RunRow>(reader, `${runSelect} WHERE stamp IS NULL AND repair IS NULL ORDER BY id DESC LIMIT 1`))[0] ?? null;

export interface FailedRuns {
  readonly runs: number;
  readonly at: Date;
  readonly error: string;
}

/** Runs over all stamps that did not end well since the last one that did; null: none. */
export const failedSince = async (reader: Reader, last: Pick<RunRow, 'id'> | null): Promise<FailedRuns | null> => {
  const [failed] = await rowsOf<FailedRuns>(
    reader,
    `SELECT count(*) OVER ()::int AS runs, finished_at AS at, coalesce(error, status) AS error FROM drift_run
      WHERE status IN ('failed', 'interrupted') AND stamp IS NULL AND repair IS NULL AND id > $1 ORDER BY id DESC LIMIT 1`,
    [last?.id ?? ''],
  );
  return failed ?? null;
};

/** The leader takes runs up between one statement and the next; more often than that in a row it has no run to take. */
const queueAttemptsMax = 3;

/** Asks for a run. While one of the same extent waits, that is the one: it looks after both asked. Null stamp: all. */
export const queueRun = async (
  tx: Tx,
  context: CommandContext,
  trigger: DriftRunView['trigger'],
  stamp: string | null,
  repair: RepairRequest | null = null,
): Promise<{ readonly run: RunRow; readonly isNew: boolean }> => {
  const asked = repair && JSON.stringify(repair);
  for (let attempt = 0; attempt < queueAttemptsMax; attempt++) {
    const id = newDriftId(context.region);
    const inserted = await rowsOf(
      tx,
      `INSERT INTO drift_run (id, region, trigger, requested_by, request_id, stamp, status, repair) VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb)
       ON CONFLICT (coalesce(stamp, ''), coalesce(repair::text, '')) WHERE status = 'queued' DO NOTHING RETURNING id`,
      [id, context.region, trigger, context.actor, context.requestId, stamp, runTable.initial, asked],
    );
    await tx.query(`SELECT pg_notify($1, '')`, [driftChannel]);
    if (inserted.length > 0) return { run: await getRun(tx, id), isNew: true };
    const [waiting] = await rowsOf<RunRow>(
      tx,
      `${runSelect} WHERE status = 'queued' AND stamp IS NOT DISTINCT FROM $1 AND repair IS NOT DISTINCT FROM $2::jsonb`,
      [stamp, asked],
    );
    if (waiting) return { run: waiting, isNew: false };
  }
  throw new AppError('request_in_progress', undefined, { retryAfterSeconds: 1 });
};

/** Takes the oldest waiting run. */
export const startRun = async (tx: Tx): Promise<RunRow | null> => {
  const [next] = await rowsOf<RunRow>(tx, `${runSelect} WHERE status = 'queued' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED`);
  if (!next) return null;
  await tx.query(`UPDATE drift_run SET status = $2, started_at = now() WHERE id = $1`, [
    next.id,
    nextState(runTable, next.status, 'start'),
  ]);
  return await getRun(tx, next.id);
};

export interface RunOutcome {
  readonly event: 'finish' | 'fail';
  readonly appeared: number;
  readonly resolved: number;
  readonly sensors: readonly SensorReport[];
  readonly repairs?: readonly FindingRepair[];
  readonly repairsLeft?: number;
  readonly error: string | null;
}

export const isOverAll = ({ stamp, repair }: Pick<RunRow, 'stamp' | 'repair'>): boolean => stamp === null && repair === null;

export const endRun = async (tx: Tx, id: string, outcome: RunOutcome): Promise<void> => {
  const [row] = await rowsOf<RunRow>(tx, `${runSelect} WHERE id = $1 FOR UPDATE`, [id]);
  // A new leader may have given this run up meanwhile; what was found stands all the same.
  if (row?.status !== 'running') return;
  await tx.query(
    `UPDATE drift_run SET status = $2, finished_at = now(), appeared = $3, resolved = $4, sensors = $5::jsonb, error = $6,
            repairs = $7::jsonb, repairs_left = $8 WHERE id = $1`,
    [
      id,
      nextState(runTable, row.status, outcome.event),
      outcome.appeared,
      outcome.resolved,
      JSON.stringify(outcome.sensors),
      outcome.error,
      JSON.stringify(outcome.repairs ?? []),
      outcome.repairsLeft ?? 0,
    ],
  );
  if (isOverAll(row)) await noteDay(tx, outcome.event === 'finish', outcome.sensors);
};

/** At the start of a term: what runs now was a former leader's. Returns how many. */
export const interruptRuns = async (tx: Tx): Promise<number> => {
  const interrupted = await rowsOf<Pick<RunRow, 'stamp' | 'repair'>>(
    tx,
    `UPDATE drift_run SET status = $1, finished_at = now(), error = 'its leader ended' WHERE status = 'running' RETURNING stamp, repair`,
    [nextState(runTable, 'running', 'interrupt')],
  );
  for (const run of interrupted) if (isOverAll(run)) await noteDay(tx, false, []);
  return interrupted.length;
};

/** A week of runs shows every pattern worth seeing; findings and the table of days tell the rest. */
const runDays = 7;
/** A year of reviews, and a month to hold the last one. */
const resolvedDays = 400;

export const pruneDrift = async (tx: Tx): Promise<void> => {
  // The last one that ended well stays, however long ago: it says since when nobody has looked.
  const last = await lastFullRun(tx);
  await tx.query(`DELETE FROM drift_run WHERE finished_at < now() - make_interval(days => $1) AND id <> $2`, [runDays, last?.id ?? '']);
  await tx.query(`DELETE FROM drift_day WHERE day < now() - make_interval(days => $1)`, [resolvedDays]);
  await tx.query(`DELETE FROM drift_suppression WHERE least(lifted_at, until) < now() - make_interval(days => $1)`, [resolvedDays]);
  await tx.query(`DELETE FROM drift_finding WHERE resolved_at < now() - make_interval(days => $1)`, [resolvedDays]);
};
