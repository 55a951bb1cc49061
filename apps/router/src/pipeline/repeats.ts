import type { Answer, NextMove } from './after-forward.js';

export type Repeat = Exclude<NextMove, Answer | { readonly move: 'done' }>;

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
