import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Tx } from '@lapidary/db/transaction';
import { nextState } from '@lapidary/kernel/transition-table';
import { readEvents, type IncomingEvent } from '@lapidary/replication/read-events';
import type { DataSource } from 'typeorm';
import type { ApplyTools } from './apply-tenant.js';
import { applyEvent } from './apply-event.js';
import { setLetterState, type DeadLetterRow } from './dead-letter-row.js';
import { deadLetterTransitions } from './dead-letter-states.js';
import { applyOne, noteInInbox } from './ingest.js';
import { readPosition } from './peer-position.js';

/** Some hundred milliseconds' worth; what is left behind is taken up in a transaction of its own (releaseWaiting). */
const releasedAtOnceMax = 200;

export interface Released {
  readonly applied: readonly EventEnvelope[];
  /** More than were taken up may wait. */
  readonly isLong: boolean;
}

export type LetterKey = Pick<DeadLetterRow, 'origin' | 'epoch' | 'subject'>;

/** Null where it was applied, else why not. With `dryRun`, what it did is taken back. */
export const tryLetter = async (
  tx: Tx,
  incoming: IncomingEvent | undefined,
  tools: ApplyTools,
  dryRun: boolean,
): Promise<string | null> => {
  if (incoming === undefined) return 'nobody can tell what it is';
  if (!incoming.ok) return incoming.error;
  if (dryRun) await tx.query('SAVEPOINT dry_run');
  const error = await applyOne(tx, incoming.event, dryRun ? { ...tools, onConflict: () => undefined } : tools, async (...what) => {
    await applyEvent(...what);
    await noteInInbox(tx, incoming.event.originregion, [incoming]);
  });
  if (dryRun) await tx.query('ROLLBACK TO SAVEPOINT dry_run');
  return error;
};

/**
 * Q2: applies what waits of a key, in the order of the origin's log, until one is refused, which is open from then on. Nothing while an
 * open one stands before them. The origin's place in the version vector is locked, so that nothing new begins to wait meanwhile.
 */
export const releaseKey = async (tx: Tx, tools: ApplyTools, key: LetterKey, by: string): Promise<Released> => {
  const { origin, epoch, subject } = key;
  const at = await readPosition(tx, origin, { lock: true });
  const rows = await rowsOf<Pick<DeadLetterRow, 'id' | 'event' | 'state'>>(
    tx,
    `SELECT id, event, state FROM dead_letter WHERE origin = $1 AND epoch = $2 AND subject = $3 AND state IN ('open', 'waiting')
      ORDER BY sequence LIMIT $4 FOR UPDATE`,
    [origin, epoch, subject, releasedAtOnceMax],
  );
  const applied: EventEnvelope[] = [];
  for (const { id, event, state } of rows) {
    if (state === 'open') return { applied, isLong: false };
    if (epoch < at.epoch) {
      await setLetterState(tx, id, nextState(deadLetterTransitions, state, 'supersede'), by);
      continue;
    }
    const [incoming] = readEvents(origin, [event]);
    const error = await tryLetter(tx, incoming, tools, false);
    if (error !== null) {
      const open = nextState(deadLetterTransitions, state, 'lead');
      await tx.query('UPDATE dead_letter SET state = $2, error = $3 WHERE id = $1', [id, open, error]);
      return { applied, isLong: false };
    }
    await setLetterState(tx, id, nextState(deadLetterTransitions, state, 'replay'), by);
    if (incoming?.ok) applied.push(incoming.event);
  }
  return { applied, isLong: rows.length === releasedAtOnceMax };
};

/**
 * Keys whose first event waits for nothing any more: the rest of a long row, or what came while the open one was being settled. All of a
 * row at once, a transaction for each piece: what is written meanwhile waits behind it, so that a busy document would never be done. Where
 * one key fails the others go on; throws what the first of them failed by, once all were tried.
 */
export const releaseWaiting = async (
  dataSource: DataSource,
  tools: ApplyTools,
  onApplied: (events: readonly EventEnvelope[]) => void,
): Promise<number> => {
  const keys = await rowsOf<LetterKey>(
    dataSource,
    `SELECT w.origin, w.epoch, w.subject FROM dead_letter w WHERE w.state = 'waiting'
      GROUP BY w.origin, w.epoch, w.subject
     HAVING NOT EXISTS (SELECT 1 FROM dead_letter o WHERE o.origin = w.origin AND o.epoch = w.epoch AND o.subject = w.subject
                          AND o.state = 'open' AND o.sequence < min(w.sequence))`,
  );
  let released = 0;
  const failures: unknown[] = [];
  for (const key of keys) {
    try {
      for (let isLong = true; isLong;) {
        const some = await inTransaction(dataSource, async (tx) => releaseKey(tx, tools, key, 'system:replication'));
        onApplied(some.applied);
        released += some.applied.length;
        ({ isLong } = some);
      }
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return released;
};
