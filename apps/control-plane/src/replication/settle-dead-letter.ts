import type { EventDeadLetterView, ReplayResult } from '@lapidary/contracts/api/replication';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { nextState } from '@lapidary/kernel/transition-table';
import { readEvents, type IncomingEvent } from '@lapidary/replication/read-events';
import { recordAudit } from '../audit/record-audit.js';
import type { CommandContext } from '../http/command-context.js';
import { subjectsToldToAll } from '../residency/shown-values.js';
import type { ApplyTools } from './apply-tenant.js';
import { deadLetterViewOf, getDeadLetter, setLetterState, type DeadLetterRow } from './dead-letter-row.js';
import { deadLetterTransitions } from './dead-letter-states.js';
import { readPosition } from './peer-position.js';
import { releaseKey, tryLetter } from './release-letters.js';

export interface Replayed {
  readonly result: ReplayResult;
  /** Took effect here, for the live views: the event and what waited behind it. */
  readonly applied: readonly EventEnvelope[];
}

/**
 * Tries a parked event again, as it came. Superseded ones change nothing: a newer one has told all of their subject (I6). A dry run
 * applies it and takes everything back. One that is refused again stays open. Once it is settled, what waits behind it follows (Q2).
 */
export const replayDeadLetter = async (
  tx: Tx,
  context: CommandContext,
  tools: ApplyTools,
  id: string,
  dryRun: boolean,
): Promise<Replayed> => {
  const row = await getDeadLetter(tx, id, { lock: true });
  // Refuses what is settled, before anything is tried.
  nextState(deadLetterTransitions, row.state, 'replay');
  if (row.state === 'waiting')
    throw new AppError('illegal_transition', `It waits behind an earlier event of ${row.subject}: settle that one, and this one follows`);
  const [incoming] = readEvents(row.origin, [row.event]);
  if (await isSuperseded(tx, row, incoming)) {
    const deadLetter = await settled(tx, context, row, 'supersede', dryRun);
    const applied = dryRun ? [] : (await releaseKey(tx, tools, row, context.actor)).applied;
    return { result: { outcome: 'superseded', dryRun, error: null, released: applied.length, deadLetter }, applied };
  }
  const error = await tryLetter(tx, incoming, tools, dryRun);
  if (error !== null) {
    if (!dryRun) await tx.query('UPDATE dead_letter SET error = $2 WHERE id = $1', [row.id, error]);
    const deadLetter = deadLetterViewOf({ ...row, error }, context.region);
    return { result: { outcome: 'refused', dryRun, error, released: 0, deadLetter }, applied: [] };
  }
  const deadLetter = await settled(tx, context, row, 'replay', dryRun);
  const behind = dryRun ? [] : (await releaseKey(tx, tools, row, context.actor)).applied;
  const result = { outcome: 'applied' as const, dryRun, error: null, released: behind.length, deadLetter };
  return { result, applied: !dryRun && incoming?.ok ? [incoming.event, ...behind] : behind };
};

export interface Dropped {
  readonly deadLetter: EventDeadLetterView;
  readonly applied: readonly EventEnvelope[];
}

/** Gives a parked event up. It stays to be read; what waits behind it is applied without it. */
export const dropDeadLetter = async (tx: Tx, context: CommandContext, tools: ApplyTools, id: string): Promise<Dropped> => {
  const row = await getDeadLetter(tx, id, { lock: true });
  const deadLetter = await settled(tx, context, row, 'drop', false);
  return { deadLetter, applied: (await releaseKey(tx, tools, row, context.actor)).applied };
};

const settled = async (
  tx: Tx,
  context: CommandContext,
  row: DeadLetterRow,
  event: 'replay' | 'supersede' | 'drop',
  dryRun: boolean,
): Promise<EventDeadLetterView> => {
  const state = nextState(deadLetterTransitions, row.state, event);
  if (dryRun) return deadLetterViewOf(row, context.region);
  await setLetterState(tx, row.id, state, context.actor);
  // Everybody who may read anything reads the audit.
  const [told] = await subjectsToldToAll(tx, [{ subject: row.subject }]);
  await recordAudit(tx, context, `dead-letter.${state}`, `dead-letter/${row.id}`, {
    origin: row.origin,
    epoch: row.epoch,
    sequence: Number(row.sequence),
    type: row.type,
    ...told,
  });
  return deadLetterViewOf(await getDeadLetter(tx, row.id), context.region);
};

/** Another epoch has told everything anew, or the replica was written by a later event of the same origin. */
const isSuperseded = async (tx: Tx, row: DeadLetterRow, incoming: IncomingEvent | undefined): Promise<boolean> => {
  // The vector's row is locked, as by whoever takes in the peer's events: nothing newer can come in between.
  const at = await readPosition(tx, row.origin, { lock: true });
  if (row.epoch < at.epoch) return true;
  if (!incoming?.ok) return false;
  const [kind, name] = incoming.event.subject.split('/', 2);
  const sql =
    kind === 'stamp'
      ? 'SELECT origin_sequence FROM stamp WHERE name = $1 AND region = $2'
      : kind === 'tenant'
        ? 'SELECT origin_sequence FROM tenant WHERE id = $1 AND home_region = $2'
        : null;
  if (sql === null) return false;
  const [replica] = await rowsOf<{ origin_sequence: string }>(tx, sql, [name, row.origin]);
  return Number(replica?.origin_sequence ?? 0) >= incoming.event.originsequence;
};
