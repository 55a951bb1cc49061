import type { EventDeadLetterView, ReplayResult } from '@lapidary/contracts/api/replication';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { nextState } from '@lapidary/kernel/transition-table';
import { readEvents, type IncomingEvent } from '@lapidary/replication/read-events';
import { recordAudit } from '../audit/record-audit.js';
import type { CommandContext } from '../http/command-context.js';
import { applyEvent } from './apply-event.js';
import type { ApplyTools } from './apply-tenant.js';
import { deadLetterViewOf, getDeadLetter, settleDeadLetter, type DeadLetterRow } from './dead-letter-row.js';
import { deadLetterTransitions } from './dead-letter-states.js';
import { isPoison } from './ingest.js';
import { readPosition } from './peer-position.js';

export interface Replayed {
  readonly result: ReplayResult;
  /** Took effect here, for the live views; null where nothing did. */
  readonly applied: EventEnvelope | null;
}

/**
 * Tries a parked event again, as it came. Superseded ones change nothing: events carry the whole state of their subject, and a
 * newer one has told it (I6). A dry run applies it and takes everything back. One that is refused again stays open.
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
  const [incoming] = readEvents(row.origin, [row.event]);
  if (await isSuperseded(tx, row, incoming)) {
    const deadLetter = await settled(tx, context, row, 'supersede', dryRun);
    return { result: { outcome: 'superseded', dryRun, error: null, deadLetter }, applied: null };
  }
  const error = await tryToApply(tx, incoming, tools, dryRun);
  if (error !== null) {
    if (!dryRun) await tx.query('UPDATE dead_letter SET error = $2 WHERE id = $1', [row.id, error]);
    const deadLetter = deadLetterViewOf({ ...row, error }, context.region);
    return { result: { outcome: 'refused', dryRun, error, deadLetter }, applied: null };
  }
  const deadLetter = await settled(tx, context, row, 'replay', dryRun);
  return { result: { outcome: 'applied', dryRun, error: null, deadLetter }, applied: !dryRun && incoming?.ok ? incoming.event : null };
};

/** Gives a parked event up. It stays to be read. */
export const dropDeadLetter = async (tx: Tx, context: CommandContext, id: string): Promise<EventDeadLetterView> =>
  settled(tx, context, await getDeadLetter(tx, id, { lock: true }), 'drop', false);

const settled = async (
  tx: Tx,
  context: CommandContext,
  row: DeadLetterRow,
  event: 'replay' | 'supersede' | 'drop',
  dryRun: boolean,
): Promise<EventDeadLetterView> => {
  const state = nextState(deadLetterTransitions, row.state, event);
  if (dryRun) return deadLetterViewOf(row, context.region);
  await settleDeadLetter(tx, row.id, state, context.actor);
  await recordAudit(tx, context, `dead-letter.${state}`, `dead-letter/${row.id}`, {
    origin: row.origin,
    epoch: row.epoch,
    sequence: Number(row.sequence),
    type: row.type,
    subject: row.subject,
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

/** Null where it was applied, else why not. */
const tryToApply = async (tx: Tx, incoming: IncomingEvent | undefined, tools: ApplyTools, dryRun: boolean): Promise<string | null> => {
  if (incoming === undefined) return 'nobody can tell what it is';
  if (!incoming.ok) return incoming.error;
  const { event } = incoming;
  await tx.query('SAVEPOINT replay');
  try {
    await applyEvent(tx, event, dryRun ? { ...tools, onConflict: () => undefined } : tools);
    await tx.query(`INSERT INTO inbox (event_id, origin, epoch, sequence, type) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`, [
      event.id,
      event.originregion,
      event.originepoch,
      event.originsequence,
      event.type,
    ]);
    await tx.query(dryRun ? 'ROLLBACK TO SAVEPOINT replay' : 'RELEASE SAVEPOINT replay');
    return null;
  } catch (error) {
    if (!isPoison(error)) throw error;
    await tx.query('ROLLBACK TO SAVEPOINT replay');
    return error instanceof Error ? error.message : String(error);
  }
};
