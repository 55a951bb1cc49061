/**
 * A statement that is seldom sent meets what the probe's does not, as one that needs another page of a full disk. So what was refused counts until
 * nothing was for so long: with a background that works every second, several would have been.
 */
const quietMs = 30_000;

export interface Trouble {
  readonly since: Date;
  readonly because: string;
}

/** What keeps a database that is there from doing what it is asked, as far as this process has met it. Not kept in it: it would take no note. */
export class DatabaseTrouble {
  private trouble: (Trouble & { readonly lastMs: number }) | null = null;

  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  note(because: string): void {
    this.trouble = { since: this.trouble?.since ?? new Date(), because, lastMs: this.nowMs() };
  }

  /** A write went through. */
  wrote(): void {
    if (this.trouble && this.nowMs() - this.trouble.lastMs >= quietMs) this.trouble = null;
  }

  get now(): Trouble | null {
    return this.trouble;
  }
}
