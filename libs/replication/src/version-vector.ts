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

/** What an answer to a back-fill stands for: everything of an epoch from one sequence to another. */
export interface Span {
  readonly epoch: number;
  readonly from: number;
  readonly through: number;
}

/**
 * Takes in the answer to a back-fill, which stands for its span. What is missing between its events was superseded and pruned at the
 * origin, so jumping over it loses nothing. It was asked for from where the reader stood then: where that follows another epoch by now, or
 * has gone back (it was told to read everything anew, or its database lost its latest commits under it), it takes nothing and stays.
 */
export const planBackfill = <E>(at: Position, events: readonly E[], positionOf: (event: E) => Position, span: Span): Run<E> => {
  if (span.epoch > at.epoch)
    return { apply: [], skipped: 0, at, stopped: { by: { kind: 'newer-epoch', epoch: span.epoch }, rest: events } };
  if (span.epoch < at.epoch) return { apply: [], skipped: events.length, at, stopped: null };
  if (span.from > at.sequence + 1)
    return { apply: [], skipped: 0, at, stopped: { by: { kind: 'gap', from: at.sequence + 1, to: span.from - 1 }, rest: events } };
  const isFresh = ({ epoch, sequence }: Position): boolean => epoch === at.epoch && sequence > at.sequence && sequence <= span.through;
  const apply = events.filter((e) => isFresh(positionOf(e))).sort((a, b) => positionOf(a).sequence - positionOf(b).sequence);
  return {
    apply,
    skipped: events.length - apply.length,
    at: { epoch: at.epoch, sequence: Math.max(at.sequence, span.through) },
    stopped: null,
  };
};
