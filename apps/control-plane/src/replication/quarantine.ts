import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { textArray } from '@lapidary/db/array-text';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import type { IncomingEvent } from '@lapidary/replication/read-events';
import { textOf } from './parked-text.js';

/** What a parked event says it is about, where it can be told. */
export const unreadable = 'unreadable';

/**
 * Documents are told in parts: what is missing of one is in no later event. Everything else tells the whole of its subject, so that the
 * next event leaves no hole.
 */
const isToldInParts = (subject: string): boolean => subject.startsWith('document/');

export const subjectOfIncoming = (incoming: IncomingEvent): string => {
  const raw = incoming.ok ? incoming.event : incoming.raw;
  const { subject } = (typeof raw === 'object' && raw !== null ? raw : {}) as { subject?: unknown };
  // Whose subject can't be kept as it is must not be taken for another one.
  return typeof subject === 'string' && subject !== '' && textOf(subject) === subject ? subject.slice(0, 200) : unreadable;
};

/** Keys of one origin whose events wait behind one that is parked (Q1), while a run of its events is taken in. */
export class Quarantine {
  private constructor(
    private readonly tx: Tx,
    private readonly peer: string,
    private readonly epoch: number,
    private readonly parked: Set<string>,
  ) {}

  /** Of these events' subjects. The origin's place in the version vector is locked by the caller: nothing is settled meanwhile. */
  static async open(tx: Tx, peer: string, events: readonly IncomingEvent[]): Promise<Quarantine> {
    const epoch = events[0]?.epoch ?? 0;
    if (events.length === 0) return new Quarantine(tx, peer, epoch, new Set());
    const rows = await rowsOf<{ subject: string }>(
      tx,
      `SELECT DISTINCT subject FROM dead_letter
        WHERE origin = $1 AND epoch = $2 AND state IN ('open', 'waiting') AND subject = ANY ($3::text[])`,
      [peer, epoch, textArray([...new Set(events.map(subjectOfIncoming))])],
    );
    return new Quarantine(tx, peer, epoch, new Set(rows.map((r) => r.subject)));
  }

  holds(incoming: IncomingEvent): boolean {
    const subject = subjectOfIncoming(incoming);
    return isToldInParts(subject) && this.parked.has(subject);
  }

  add(incoming: IncomingEvent): void {
    this.parked.add(subjectOfIncoming(incoming));
  }

  /**
   * Events that tell all of their subject have been applied: what is parked of it before them has nothing left to say. One that somebody
   * is settling at this moment is left to them, since waiting for them here could be waiting in a circle.
   */
  async supersede(applied: readonly EventEnvelope[]): Promise<void> {
    const last = new Map(applied.filter((e) => this.parked.has(e.subject) && !isToldInParts(e.subject)).map((e) => [e.subject, e]));
    if (last.size === 0) return;
    await this.tx.query(
      `UPDATE dead_letter SET state = 'superseded', settled_at = now(), settled_by = 'system:replication' WHERE id IN (
         SELECT d.id FROM dead_letter d JOIN unnest($3::text[], $4::bigint[]) AS a(subject, sequence) ON a.subject = d.subject AND d.sequence < a.sequence
          WHERE d.origin = $1 AND d.epoch = $2 AND d.state = 'open' FOR UPDATE OF d SKIP LOCKED)`,
      [this.peer, this.epoch, [...last.keys()], [...last.values()].map((e) => e.originsequence)],
    );
  }
}
