import { stat } from 'node:fs/promises';

/** People and secret stores change files a few times a year; whoever does it watches for the effect for some seconds. */
export const hotEveryMs = 2_000;

export interface HotOptions<T> {
  /** Differs whenever what `load` reads may have changed. */
  readonly fingerprint: () => Promise<string>;
  readonly load: () => Promise<T>;
  readonly onReload: (value: T) => void;
  /** The new one can't be used; the old one goes on serving. */
  readonly onRefused: (error: unknown) => void;
  readonly everyMs?: number;
}

/**
 * What a file says, kept current while the process runs: a new one that can't be used leaves the old one in place. Looked at again and again,
 * since change notices don't come through mounted secrets and network file systems. A change in two steps (certificate, then key)
 * is refused after the first and taken after the second.
 */
export class HotValue<T> {
  private timer: NodeJS.Timeout | null = null;

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

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }

  /** Looks now; whether there was something new that could be used. */
  async look(): Promise<boolean> {
    try {
      const fingerprint = await this.options.fingerprint();
      if (fingerprint === this.seen) return false;
      // Before loading: what changes meanwhile is seen the next time.
      this.seen = fingerprint;
      this.value = await this.options.load();
      this.options.onReload(this.value);
      return true;
    } catch (error) {
      this.options.onRefused(error);
      return false;
    }
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      void this.look().finally(() => {
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
