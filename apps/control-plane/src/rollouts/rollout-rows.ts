import type { RolloutEventView, RolloutPolicy, RolloutView } from '@lapidary/contracts/api/rollouts';
import { ToldPolicySchema } from '@lapidary/contracts/api/rollouts';
import { rowsOf } from '@lapidary/db/rows';
import { sqlStateOf, uniqueViolation, type Reader, type Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { MemberState, RolloutLine, RolloutState, WaveState } from './rollout-state.js';
import type { RolloutStatus } from './rollout-states.js';

/** A row of `rollout`; what the step function does not need. */
export interface RolloutRow {
  readonly id: string;
  readonly region: string;
  readonly status: RolloutStatus;
  readonly status_reason: string | null;
  readonly kind: RolloutView['kind'];
  readonly target: string;
  readonly base: string;
  readonly regions: string[];
  readonly policy: RolloutPolicy;
  readonly reason: string | null;
  readonly requested_by: string;
  readonly resumed_at: Date;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly finished_at: Date | null;
}

export interface StoredRollout {
  readonly row: RolloutRow;
  readonly state: RolloutState;
}

const withParts = async (reader: Reader, row: RolloutRow): Promise<StoredRollout> => {
  const waves = await rowsOf<{ state: WaveState }>(reader, 'SELECT state FROM rollout_wave WHERE rollout = $1 ORDER BY position', [row.id]);
  const members = await rowsOf<{ state: MemberState }>(reader, 'SELECT state FROM rollout_stamp WHERE rollout = $1 ORDER BY stamp', [
    row.id,
  ]);
  const { id, status, kind, target, base, regions } = row;
  return {
    row,
    state: {
      id,
      status,
      statusReason: row.status_reason,
      kind,
      target,
      base,
      regions,
      policy: ToldPolicySchema.parse(row.policy),
      resumedAtMs: row.resumed_at.getTime(),
      waves: waves.map((w) => w.state),
      members: members.map((m) => m.state),
    },
  };
};

export const findRollout = async (reader: Reader, id: string): Promise<StoredRollout | null> => {
  const [row] = await rowsOf<RolloutRow>(reader, 'SELECT * FROM rollout WHERE id = $1', [id]);
  return row ? await withParts(reader, row) : null;
};

/** Locked until the transaction ends: people and the controller change a roll-out one after the other. */
export const lockRollout = async (tx: Tx, id: string): Promise<StoredRollout | null> => {
  const [row] = await rowsOf<RolloutRow>(tx, 'SELECT * FROM rollout WHERE id = $1 FOR UPDATE', [id]);
  return row ? await withParts(tx, row) : null;
};

/** Those that want to be looked at: open ones, and ended ones that still hold a stamp which they could let go. */
export const rolloutsAtWork = async (reader: Reader): Promise<string[]> =>
  (
    await rowsOf<{ id: string }>(
      reader,
      `SELECT id FROM rollout r WHERE status IN ('running', 'paused', 'halting', 'aborting', 'rolling_back')
          OR EXISTS (SELECT 1 FROM rollout_stamp s WHERE s.rollout = r.id AND (s.state->>'held')::boolean
                       AND s.state->>'status' NOT IN ('failed', 'stuck')) ORDER BY id`,
    )
  ).map((row) => row.id);

export interface NewRollout {
  readonly region: string;
  readonly reason: string | null;
  readonly requestedBy: string;
  readonly requestId: string;
}

/** The index rollout_one_open decides whether there is another one, not a look before. */
export const insertRollout = async (tx: Tx, state: RolloutState, about: NewRollout): Promise<void> => {
  const { id, status, kind, target, base, regions, policy, resumedAtMs } = state;
  try {
    await tx.query(
      `INSERT INTO rollout (id, region, status, kind, target, base, regions, policy, reason, requested_by, request_id, resumed_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10, $11, $12)`,
      [
        id,
        about.region,
        status,
        kind,
        target,
        base,
        regions,
        JSON.stringify(policy),
        about.reason,
        about.requestedBy,
        about.requestId,
        new Date(resumedAtMs),
      ],
    );
  } catch (error) {
    if (sqlStateOf(error) === uniqueViolation) throw new AppError('rollout_in_progress', undefined, { cause: error });
    throw error;
  }
  await writeParts(tx, null, state);
};

/** Writes what differs. Ended roll-outs get their time. */
export const saveRollout = async (tx: Tx, before: RolloutState, after: RolloutState, isEnd: boolean): Promise<void> => {
  try {
    await tx.query(
      `UPDATE rollout SET status = $2, status_reason = $3, resumed_at = $4, version = version + 1, updated_at = now(),
              finished_at = CASE WHEN $5 THEN coalesce(finished_at, now()) END WHERE id = $1`,
      [after.id, after.status, after.statusReason, new Date(after.resumedAtMs), isEnd],
    );
  } catch (error) {
    // A closed roll-out is rolled back while another one is open.
    if (sqlStateOf(error) === uniqueViolation) throw new AppError('rollout_in_progress', undefined, { cause: error });
    throw error;
  }
  await writeParts(tx, before, after);
};

/** Also alone, where only figures differ: those are shown, and no news. */
export const writeParts = async (tx: Tx, before: RolloutState | null, after: RolloutState): Promise<void> => {
  const known = new Map<string, string>([
    ...(before?.waves ?? []).map((w): [string, string] => [`w${w.position}`, JSON.stringify(w)]),
    ...(before?.members ?? []).map((m): [string, string] => [`m${m.stamp}`, JSON.stringify(m)]),
  ]);
  for (const wave of after.waves) {
    const text = JSON.stringify(wave);
    if (known.get(`w${wave.position}`) === text) continue;
    await tx.query(
      `INSERT INTO rollout_wave (rollout, position, state) VALUES ($1, $2, $3::jsonb) ON CONFLICT (rollout, position) DO UPDATE SET state = excluded.state`,
      [after.id, wave.position, text],
    );
  }
  for (const member of after.members) {
    const text = JSON.stringify(member);
    if (known.get(`m${member.stamp}`) === text) continue;
    await tx.query(
      `INSERT INTO rollout_stamp (rollout, stamp, state) VALUES ($1, $2, $3::jsonb) ON CONFLICT (rollout, stamp) DO UPDATE SET state = excluded.state`,
      [after.id, member.stamp, text],
    );
  }
};

/** Lines are numbered without holes under the lock of the roll-out. */
export const appendLines = async (tx: Tx, id: string, lines: readonly RolloutLine[]): Promise<void> => {
  for (const line of lines) {
    await tx.query(
      `WITH numbered AS (UPDATE rollout SET event_sequence = event_sequence + 1 WHERE id = $1 RETURNING event_sequence)
       INSERT INTO rollout_event (rollout, sequence, level, wave, stamp, message) SELECT $1, event_sequence, $2, $3, $4, $5 FROM numbered`,
      [id, line.level, line.wave, line.stamp, line.message],
    );
  }
};

export const readLines = async (reader: Reader, id: string, after: number, limit: number): Promise<RolloutEventView[]> =>
  (
    await rowsOf<Omit<RolloutEventView, 'at'> & { at: Date }>(
      reader,
      'SELECT sequence, at, level, wave, stamp, message FROM rollout_event WHERE rollout = $1 AND sequence > $2 ORDER BY sequence LIMIT $3',
      [id, after, limit],
    )
  ).map((line) => ({ ...line, at: line.at.toISOString() }));
