/** Why what came on a subject was not taken. */
export type RefusedBecause =
  /** Nothing that its schema takes, or with a text that no database can hold. */
  | 'malformed'
  /** As many are being worked on as may be. */
  | 'too_many'
  /** A question whose answer would go elsewhere than to somebody’s inbox. */
  | 'no_inbox'
  /** Whoever takes them failed over it. */
  | 'failed';

export type OnRefused = (subject: string, because: RefusedBecause) => void;

/** The same trouble is told again this often, with how often it was: who sends rubbish fills no log. */
const againMs = 60_000;

/** Counts what is refused on one subject, and tells of it. */
export class RefusedMessages {
  private readonly told = new Map<RefusedBecause, { text: string; atMs: number; since: number }>();

  constructor(
    private readonly subject: string,
    private readonly warn: (bindings: object, message: string) => void,
    private readonly onRefused: OnRefused = () => undefined,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  note(because: RefusedBecause, error?: unknown): void {
    this.onRefused(this.subject, because);
    // Of what failed here each new reason is told; what others send has as many as they like.
    const text = because === 'failed' && error instanceof Error ? error.message : because;
    const before = this.told.get(because);
    const atMs = this.nowMs();
    if (before?.text === text && atMs - before.atMs < againMs) {
      before.since += 1;
      return;
    }
    this.told.set(because, { text, atMs, since: 0 });
    this.warn({ subject: this.subject, because, err: error, before: before?.since ?? 0 }, 'a message was refused');
  }
}
