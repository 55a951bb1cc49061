import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { eventVersions } from '@lapidary/contracts/events/upcasters';
import { plainArray, textArray } from '@lapidary/db/array-text';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, sqlStateOf, type Tx } from '@lapidary/db/transaction';
import { AppError, isAppError } from '@lapidary/kernel/app-error';
import { newId } from '@lapidary/kernel/ids';
import type { IncomingEvent } from '@lapidary/replication/read-events';
import { planBackfill, planRun, type Position, type Run, type Span } from '@lapidary/replication/version-vector';
import type { DataSource } from 'typeorm';
import { applyHeld } from '../collections/apply-collection.js';
import { isFencedError } from '@lapidary/db/database-error';
import { passFence } from '../fence/recovery-rows.js';
import { applyEvent, applyEvents } from './apply-event.js';
import type { ApplyTools } from './apply-tenant.js';
import { advancePosition, readPosition } from './peer-position.js';
import { jsonOf, textOf } from './parked-text.js';
import { Quarantine, subjectOfIncoming, unreadable } from './quarantine.js';

export interface Ingested {
  /** Took effect here, for the live views. */
  readonly applied: readonly EventEnvelope[];
  readonly skipped: number;
  readonly parked: number;
  /** Position reached, and what is missing before the rest can be taken in. */
  readonly run: Run<IncomingEvent>;
}

const positionOf = (e: IncomingEvent): Position => e;

/**
 * Takes in events of a peer: decides by the version vector, applies, and advances the vector, all in one transaction
 * (I5, I6). The vector's row is locked first, so two readers of one peer take turns and the second finds nothing new.
 * With `span`, the events are a back-fill that stands for everything in it.
 */
export const ingest = async (
  dataSource: DataSource,
  tools: ApplyTools,
  peer: string,
  events: readonly IncomingEvent[],
  span?: Span,
): Promise<Ingested> => {
  try {
    return await attempt(dataSource, tools, peer, events, span, 'together');
  } catch (error) {
    // This region is fenced, and what it takes in has it tell something: that follows from the others' facts (B1).
    if (isFencedError(error)) return await attempt(dataSource, tools, peer, events, span, 'one by one', true);
    // One event spoils the transaction: go again with a savepoint around each, and park the one that can't be applied.
    if (!isPoison(error)) throw error;
    return await attempt(dataSource, tools, peer, events, span, 'one by one');
  }
};

const attempt = async (
  dataSource: DataSource,
  tools: ApplyTools,
  peer: string,
  events: readonly IncomingEvent[],
  span: Span | undefined,
  how: 'together' | 'one by one',
  pastFence = false,
): Promise<Ingested> =>
  await inTransaction(dataSource, async (tx) => {
    if (pastFence) await passFence(tx);
    const at = await readPosition(tx, peer, { lock: true });
    if (at.fenced) throw new AppError('region_given_up', `Region ${peer} was given up: nothing more of it is taken in`);
    const run = span === undefined ? planRun(at, events, positionOf) : planBackfill(at, events, positionOf, span);
    const fresh = await noteInInbox(tx, peer, run.apply);
    const quarantine = await Quarantine.open(tx, peer, fresh);
    const applied: EventEnvelope[] = [];
    let parked = 0;
    const setAside = async (incoming: IncomingEvent, error: string, state: 'open' | 'waiting'): Promise<void> => {
      parked++;
      quarantine.add(incoming);
      await park(tx, tools, peer, incoming, error, state);
    };
    for (const incoming of fresh) {
      if (!incoming.ok) await setAside(incoming, incoming.error, 'open');
      else if (quarantine.holds(incoming)) await setAside(incoming, waitsBehind, 'waiting');
      else {
        const error = how === 'together' ? null : await applyOne(tx, incoming.event, tools);
        if (error === null) applied.push(incoming.event);
        else await setAside(incoming, error, 'open');
      }
    }
    if (how === 'together') await applyEvents(tx, applied, tools);
    await quarantine.supersede(applied);
    if (run.at.sequence > at.sequence) await advancePosition(tx, peer, run.at, applied.at(-1)?.time ?? null);
    return { applied, skipped: run.skipped, parked, run };
  });

/** Takes in one event out of its order, which only changes of documents allow: they are merged. Parks it where it can't be applied. */
export const takeInOne = async (tx: Tx, peer: string, incoming: IncomingEvent, tools: ApplyTools): Promise<void> => {
  const quarantine = await Quarantine.open(tx, peer, [incoming]);
  if (incoming.ok && quarantine.holds(incoming)) return await park(tx, tools, peer, incoming, waitsBehind, 'waiting');
  const error = incoming.ok ? await applyOne(tx, incoming.event, tools) : incoming.error;
  if (error !== null) await park(tx, tools, peer, incoming, error, 'open');
};

/** Takes in what was held for its time, which has come; parks it where it can't be applied. */
export const takeInHeld = async (tx: Tx, event: EventEnvelope, tools: ApplyTools): Promise<void> => {
  const incoming: IncomingEvent = { ok: true, epoch: event.originepoch, sequence: event.originsequence, event };
  const error = await applyOne(tx, event, tools, applyHeldEvent);
  if (error !== null) await park(tx, tools, event.originregion, incoming, error, 'open');
};

const applyHeldEvent = async (tx: Tx, event: EventEnvelope, tools: ApplyTools): Promise<void> => applyHeld(tx, event, tools.collections);

/** Null where the event was applied, else why it never will be. */
export const applyOne = async (tx: Tx, event: EventEnvelope, tools: ApplyTools, apply = applyEvent): Promise<string | null> => {
  try {
    await tx.query('SAVEPOINT one_event');
    await apply(tx, event, tools);
    await tx.query('RELEASE SAVEPOINT one_event');
    return null;
  } catch (error) {
    if (!isPoison(error)) throw error;
    await tx.query('ROLLBACK TO SAVEPOINT one_event');
    return error instanceof Error ? error.message : String(error);
  }
};

/**
 * Whether a repeat could never help: the event's own fault, or data that breaks a rule of the database (SQLSTATE classes
 * 22 data exception, 23 integrity, 54 more than its limits allow), or what the code did not reckon with, which would hold up all of the
 * origin's log until somebody has mended it. A database that is away or busy is no fault of the event; it is
 * met again.
 */
const isPoison = (error: unknown): boolean => {
  if (isAppError(error)) return !error.entry.retry;
  if (error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError) return true;
  const state = sqlStateOf(error);
  return state !== undefined && ['22', '23', '54'].includes(state.slice(0, 2));
};

/**
 * The second wall of I5: an event of an origin takes effect once, even if a position were ever wrong. Of `events`, which are of one epoch: those
 * to go on with. One whose id the same origin has told at another place is unreadable from here on, since one of the two is not what it says;
 * what another origin calls by that id is another event.
 */
export const noteInInbox = async (tx: Tx, peer: string, events: readonly IncomingEvent[]): Promise<readonly IncomingEvent[]> => {
  const good = events.flatMap((e) => (e.ok ? [e.event] : []));
  if (good.length === 0) return events;
  const rows = await rowsOf<{ sequence: string }>(
    tx,
    `INSERT INTO inbox (event_id, origin, epoch, sequence, type)
     SELECT id, $1, epoch, sequence, type FROM unnest($2::text[], $3::int[], $4::bigint[], $5::text[]) AS e(id, epoch, sequence, type)
     ON CONFLICT DO NOTHING RETURNING sequence`,
    [
      peer,
      textArray(good.map((e) => e.id)),
      plainArray(good.map((e) => e.originepoch)),
      plainArray(good.map((e) => e.originsequence)),
      textArray(good.map((e) => e.type)),
    ],
  );
  const noted = new Set(rows.map((r) => Number(r.sequence)));
  const fresh = new Set(events.filter((e) => !e.ok || noted.delete(e.sequence)));
  if (fresh.size === events.length) return events;
  const known = events.filter((e) => !fresh.has(e));
  const elsewhere = await toldElsewhere(tx, peer, known);
  return events.flatMap((e) => (fresh.has(e) ? [e] : (elsewhere.get(e) ?? [])));
};

/** Of events that the inbox did not take: those whose id it has at another place of the same origin. The rest was told before as it is. */
const toldElsewhere = async (tx: Tx, peer: string, known: readonly IncomingEvent[]): Promise<ReadonlyMap<IncomingEvent, IncomingEvent>> => {
  const ids = known.flatMap((e) => (e.ok ? [e.event.id] : []));
  const rows = await rowsOf<{ event_id: string; epoch: number; sequence: string }>(
    tx,
    'SELECT event_id, epoch, sequence FROM inbox WHERE event_id = ANY ($1) AND origin = $2',
    [ids, peer],
  );
  const placeOf = new Map(rows.map((r) => [r.event_id, r]));
  return new Map(
    known.flatMap((e) => {
      const at = e.ok ? placeOf.get(e.event.id) : undefined;
      if (!e.ok || !at || (at.epoch === e.epoch && Number(at.sequence) === e.sequence)) return [];
      const error = `region ${peer} has told its id before, at ${at.sequence} of epoch ${at.epoch}`;
      return [[e, { ok: false, epoch: e.epoch, sequence: e.sequence, raw: e.event, error }] as const];
    }),
  );
};

/**
 * P-SC3: parked as it came, for a person, or for a version of this code that knows its type (release-known.ts); the vector goes on, and
 * other keys with it (quarantine.ts).
 */
const park = async (
  tx: Tx,
  { versions = eventVersions }: ApplyTools,
  peer: string,
  incoming: IncomingEvent,
  error: string,
  state: 'open' | 'waiting',
): Promise<void> => {
  const raw = incoming.ok ? incoming.event : incoming.raw;
  const { type } = (typeof raw === 'object' && raw !== null ? raw : {}) as { type?: unknown };
  await tx.query(
    `INSERT INTO dead_letter (id, origin, epoch, sequence, type, subject, event, error, state, awaits_version)
     VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, $10)
     ON CONFLICT (origin, epoch, sequence) DO NOTHING`,
    [
      newId(),
      peer,
      incoming.epoch,
      incoming.sequence,
      textOf(typeof type === 'string' ? type.slice(0, 200) : unreadable),
      textOf(subjectOfIncoming(incoming)),
      jsonOf(raw),
      textOf(error.slice(0, errorLengthMax)),
      state,
      incoming.ok && !versions.knows(incoming.event.type),
    ],
  );
};

const waitsBehind = 'waits behind an earlier event of its subject';
const errorLengthMax = 2_000;
