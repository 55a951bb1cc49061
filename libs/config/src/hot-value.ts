import { stat } from 'node:fs/promises';

/** People and secret stores change files a few times a year; whoever does it watches for the effect for some seconds. */
export const hotEveryMs = 2_000;

export interface HotOptions<T> {
  /** Differs whenever what `load` reads may have changed. */
  readonly fingerprint: () => Promise<string>;
  readonly load: () => Promise<T>;
  readonly onReload: (value: T) => void;
  /** Whether all of it can be used. What can't be may be usable at the next look without any change of the files: a read that failed, a date that comes. */
  readonly isWhole?: (value: T) => boolean;
  /** The new one can't be used; the old one goes on serving. Told once of one cause, though it is tried again: the next look may find the cause gone. */
  readonly onRefused: (error: unknown) => void;
  /** After each look, whatever it found. */
  readonly onLooked?: () => void;
  readonly everyMs?: number;
}

/** Why what the file says is not in force, and since when. */
export interface Refusal {
  readonly error: unknown;
  readonly since: Date;
}

/**
 * What a file says, kept current while the process runs: a new one that can't be used leaves the old one in place. Looked at again and again,
 * since change notices don't come through mounted secrets and network file systems. A change in two steps (certificate, then key)
 * is refused after the first and taken after the second. One of which a part can't be used is loaded at each look until all can.
 */
export class HotValue<T> {
  private timer: NodeJS.Timeout | null = null;
  private refused: { readonly cause: string; readonly refusal: Refusal } | null = null;

  private constructor(
    private value: T,
    private seen: string,
    private readonly options: HotOptions<T>,
  ) {}

  /** Throws what `load` throws: a process doesn't start on something that can't be used. */
  static async start<T>(options: HotOptions<T>): Promise<HotValue<T>> {
    const seen = await options.fingerprint();
    const hot = new HotValue(await options.load(), seen, options);
    hot.schedule();
    return hot;
  }

  get current(): T {
    return this.value;
  }

  /** Null: what the file says is in force. */
  get refusal(): Refusal | null {
    return this.refused?.refusal ?? null;
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }

  /** Looks now; whether there was something new that could be used. */
  async look(): Promise<boolean> {
    let fingerprint = '';
    try {
      fingerprint = await this.options.fingerprint();
      const { isWhole = () => true } = this.options;
      const isNew = fingerprint !== this.seen;
      const wasWhole = isWhole(this.value);
      if (isNew || !wasWhole) this.value = await this.options.load();
      this.refused = null;
      if (!isNew && (wasWhole || !isWhole(this.value))) return false;
      // As it was before loading: what has changed meanwhile is seen the next time.
      this.seen = fingerprint;
    } catch (error) {
      this.refuse(`${fingerprint} ${String(error)}`, error);
      return false;
    }
    this.options.onReload(this.value);
    return true;
  }

  private refuse(cause: string, error: unknown): void {
    if (this.refused?.cause === cause) return;
    this.refused = { cause, refusal: { error, since: this.refused?.refusal.since ?? new Date() } };
    this.options.onRefused(error);
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      void this.look().finally(() => {
        this.options.onLooked?.();
        if (this.timer) this.schedule();
      });
    }, this.options.everyMs ?? hotEveryMs);
    this.timer.unref();
  }
}

/** Of a file's state, through links: a rename, a rewrite and a switched link all show. */
export const fileFingerprint = async (path: string): Promise<string> => {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return `${path}:${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
};
