import { CapacityFiguresSchema, type CapacityDecision, type CapacityFigures, type CapacityVerdict } from '@lapidary/contracts/api/capacity';
import type { CapacityPolicy } from '@lapidary/contracts/stamp-spec';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { newJobId } from '@lapidary/kernel/ids';

export interface DecisionRow {
  readonly id: string;
  readonly region: string;
  readonly mode: CapacityPolicy['mode'];
  readonly action: CapacityVerdict['action'];
  readonly trigger: CapacityVerdict['trigger'];
  readonly blocked_by: CapacityVerdict['blockedBy'];
  readonly stamp: string | null;
  readonly isolation: CapacityVerdict['isolation'];
  readonly reason: string;
  readonly figures: CapacityFigures;
  readonly job: string | null;
  readonly decided_at: Date;
  readonly last_seen_at: Date;
  readonly looks: number;
}

export const lastDecision = async (reader: Reader, region: string): Promise<DecisionRow | undefined> =>
  (await rowsOf<DecisionRow>(reader, 'SELECT * FROM capacity_decision WHERE region = $1 ORDER BY id DESC LIMIT 1', [region]))[0];

/** The newest first. Ids ascend in time, so they are the cursor too. */
export const listDecisions = async (
  reader: Reader,
  query: { readonly region: string; readonly before: string | null; readonly limit: number },
): Promise<DecisionRow[]> =>
  rowsOf<DecisionRow>(
    reader,
    'SELECT * FROM capacity_decision WHERE region = $1 AND ($2::text IS NULL OR id < $2) ORDER BY id DESC LIMIT $3',
    [query.region, query.before, query.limit],
  );

export interface NewDecision {
  readonly region: string;
  readonly mode: CapacityPolicy['mode'];
  readonly verdict: CapacityVerdict;
  readonly figures: CapacityFigures;
  readonly job: string | null;
}

/**
 * Keeps a decision. One that comes to the same as the last is counted there, with its newest numbers: a look every few
 * seconds must not bury what changed. A build is always a decision of its own.
 */
export const recordDecision = async (tx: Tx, { region, mode, verdict, figures, job }: NewDecision): Promise<void> => {
  const last = await lastDecision(tx, region);
  const isSame =
    last !== undefined &&
    verdict.action !== 'build' &&
    last.mode === mode &&
    last.action === verdict.action &&
    last.trigger === verdict.trigger &&
    last.blocked_by === verdict.blockedBy &&
    last.stamp === verdict.stamp;
  if (isSame) {
    await tx.query(
      `UPDATE capacity_decision SET looks = looks + 1, last_seen_at = clock_timestamp(), reason = $2, figures = $3::jsonb WHERE id = $1`,
      [last.id, verdict.reason, JSON.stringify(figures)],
    );
    return;
  }
  const { action, trigger, blockedBy, stamp, isolation, reason } = verdict;
  await tx.query(
    `INSERT INTO capacity_decision (id, region, mode, action, trigger, blocked_by, stamp, isolation, reason, figures, job)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11)`,
    [newJobId(region), region, mode, action, trigger, blockedBy, stamp, isolation, reason, JSON.stringify(figures), job],
  );
};

export const decisionViewOf = (row: DecisionRow): CapacityDecision => ({
  id: row.id,
  region: row.region,
  mode: row.mode,
  action: row.action,
  trigger: row.trigger,
  blockedBy: row.blocked_by,
  stamp: row.stamp,
  isolation: row.isolation,
  reason: row.reason,
  figures: CapacityFiguresSchema.parse(row.figures),
  job: row.job,
  decidedAt: row.decided_at.toISOString(),
  lastSeenAt: row.last_seen_at.toISOString(),
  looks: row.looks,
});
