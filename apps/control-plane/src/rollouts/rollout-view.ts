import { RolloutSchema, type GivenUpRollout, type RolloutView } from '@lapidary/contracts/api/rollouts';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { findRollout, type StoredRollout } from './rollout-rows.js';

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** A roll-out as API, events and consoles show it. */
export const rolloutViewOf = ({ row, state }: StoredRollout): RolloutView =>
  RolloutSchema.parse({
    id: row.id,
    region: row.region,
    status: state.status,
    statusReason: state.statusReason,
    kind: state.kind,
    target: state.target,
    base: state.base,
    regions: [...state.regions],
    policy: state.policy,
    reason: row.reason,
    requestedBy: row.requested_by,
    waves: state.waves.map((w) => ({
      name: w.name,
      ring: w.ring,
      status: w.status,
      approval: w.approval,
      approvedBy: w.approvedBy,
      startedAt: iso(w.startedAtMs),
      finishedAt: iso(w.finishedAtMs),
      checks: w.checks,
      verdict: w.verdict,
    })),
    stamps: state.members.map((m) => ({
      stamp: m.stamp,
      region: m.region,
      wave: state.waves.find((w) => w.position === m.wave)?.name ?? '',
      status: m.status,
      fromVersion: m.fromVersion,
      job: m.job,
      changedAt: iso(m.changedAtMs),
      message: m.message,
    })),
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
  });

export interface RolloutListQuery {
  readonly status?: string | undefined;
  readonly after: string | null;
  readonly limit: number;
}

/** Roll-outs of all regions, the newest first: own ones, and the others as their events told. One more than the limit. */
export const listRollouts = async (reader: Reader, { status, after, limit }: RolloutListQuery): Promise<RolloutView[]> => {
  const rows = await rowsOf<{ id: string; view: RolloutView | null; givenUp: GivenUpRollout | null }>(
    reader,
    `SELECT id, view, g.told AS "givenUp" FROM (
       SELECT id, created_at, status, NULL::jsonb AS view FROM rollout
       UNION ALL SELECT id, created_at, view->>'status', view FROM rollout_replica
     ) r LEFT JOIN rollout_given_up g ON g.rollout = r.id WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR split_part(id, '.', 2) < split_part($2, '.', 2))
     ORDER BY split_part(id, '.', 2) DESC LIMIT $3`,
    [status ?? null, after, limit + 1],
  );
  const views: RolloutView[] = [];
  for (const { id, view, givenUp } of rows) {
    const own = view === null ? await findRollout(reader, id) : null;
    if (own) views.push(rolloutViewOf(own));
    else if (view) views.push(RolloutSchema.parse({ ...view, ...(givenUp ? { givenUp } : {}) }));
  }
  return views;
};
