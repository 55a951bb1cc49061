/**
 * How far a reader has come with one origin's events. Order, dedupe and gap detection go by this alone; the broker's
 * numbers are hints (lab 1.5: a cursor that was the broker's sequence silently lost 100 of 150 events).
 */
export interface Position {
  /** Epoch of the origin's database; 0: nothing was ever read. Grows when the database was restored. */
  readonly epoch: number;
  /** Last sequence applied; everything up to it is applied, parked or superseded. */
  readonly sequence: number;
}

export const nothingRead: Position = { epoch: 0, sequence: 0 };

export type Decision =
  | { readonly kind: 'apply' }
  /** Seen before, or told by a database that has been replaced since. */
  | { readonly kind: 'skip'; readonly reason: 'duplicate' | 'older-epoch' }
  /** Events are missing before this one. */
  | { readonly kind: 'gap'; readonly from: number; readonly to: number }
  /** The origin was restored: the reader must adopt its epoch and read everything anew. */
  | { readonly kind: 'newer-epoch'; readonly epoch: number };

/**
 * I6, in one place: an event is applied exactly when it is the next one of the epoch that the reader follows. Hence the
 * applied events are a prefix of the origin's log, whatever was delivered, in whatever order and how often.
 */
export const decide = (at: Position, event: Position): Decision => {
  if (event.epoch > at.epoch) return { kind: 'newer-epoch', epoch: event.epoch };
  if (event.epoch < at.epoch) return { kind: 'skip', reason: 'older-epoch' };
  if (event.sequence <= at.sequence) return { kind: 'skip', reason: 'duplicate' };
  if (event.sequence === at.sequence + 1) return { kind: 'apply' };
  return { kind: 'gap', from: at.sequence + 1, to: event.sequence - 1 };
};

export interface Run<E> {
  /** To apply now, in this order. */
  readonly apply: readonly E[];
  readonly skipped: number;
  /** Position after applying. */
  readonly at: Position;
  /** What stopped the run before its end, and the events that wait behind it. */
  readonly stopped: { readonly by: Exclude<Decision, { kind: 'apply' | 'skip' }>; readonly rest: readonly E[] } | null;
}

/** Decides event by event until something is missing. */
export const planRun = <E>(at: Position, events: readonly E[], positionOf: (event: E) => Position): Run<E> => {
  const apply: E[] = [];
  let skipped = 0;
  let now = at;
  for (const [i, event] of events.entries()) {
    const position = positionOf(event);
    const decision = decide(now, position);
    if (decision.kind === 'apply') {
      apply.push(event);
      now = { epoch: position.epoch, sequence: position.sequence };
    } else if (decision.kind === 'skip') skipped++;
    else return { apply, skipped, at: now, stopped: { by: decision, rest: events.slice(i) } };
  }
  return { apply, skipped, at: now, stopped: null };
};

/**
 * Takes in the answer to a back-fill: events in ascending order that stand for everything up to `through`. What is
 * missing between them was superseded and pruned at the origin, so jumping over it loses nothing.
 */
export const planBackfill = <E>(at: Position, events: readonly E[], positionOf: (event: E) => Position, through: number): Run<E> => {
  const fresh = events.filter((e) => positionOf(e).epoch === at.epoch && positionOf(e).sequence > at.sequence);
  const apply = [...fresh].sort((a, b) => positionOf(a).sequence - positionOf(b).sequence);
  const last = apply.length > 0 ? positionOf(apply.at(-1)!).sequence : at.sequence;
  return {
    apply,
    skipped: events.length - apply.length,
    at: { epoch: at.epoch, sequence: Math.max(at.sequence, last, through) },
    stopped: null,
  };
};
