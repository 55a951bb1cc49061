import type { Answer, NextMove } from './after-forward.js';

export type Repeat = Exclude<NextMove, Answer | { readonly move: 'done' }>;

/**
 * Whether a repeat is counted against the stamp's retry budget. Outside of it is what follows an attempt that was none: a 421, which costs
 * the stamp next to nothing, and a request that was lost on a connection which the stamp had closed while it was idle. A stamp
 * that restarts closes hundreds at once, and each is lost once only: its request goes out again on a fresh one.
 */
export const isOfBudget = (next: Repeat): next is Extract<Repeat, { move: 'other_door' }> => next.move === 'other_door';

const none: ReadonlySet<string> = new Set();

/** What one request has been through: counts by cause, front doors that were tried in vain, and what they would have it answered. */
export class Repeats {
  misdirected = 0;
  otherDoor = 0;
  staleConnection = 0;
  tried: ReadonlySet<string> = none;
  lastAnswer: Answer | null = null;
  /** Door of the latest attempt. */
  door = '';

  /** The next attempt goes on a connection that was not used before: a reused one was just lost, and those beside it most likely with it. */
  get fresh(): boolean {
    return this.staleConnection > 0;
  }

  begin(): void {
    this.misdirected = this.otherDoor = this.staleConnection = 0;
    this.tried = none;
    this.lastAnswer = null;
  }

  note(next: Repeat): void {
    switch (next.move) {
      case 'same_again':
        this.staleConnection += 1;
        return;
      case 'look_up_again':
        this.misdirected += 1;
        return;
      case 'other_door':
        this.otherDoor += 1;
        this.tried = new Set([...this.tried, this.door]);
        this.lastAnswer = next.otherwise;
    }
  }
}
