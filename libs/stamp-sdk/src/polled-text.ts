import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { threadId } from 'node:worker_threads';

export interface PolledTextOptions {
  /** A file, or an http(s) URL. */
  readonly source: string;
  /** Where the last good text of a URL is kept, for a start while its server is down (I7). Without one, none is. */
  readonly copyFile?: string;
  readonly bytesMax: number;
  /** How often it is looked at. */
  readonly everyMs: number;
  /** After a look, another one that is asked for comes no sooner than this: rubbish that asks for news must not cause a storm. */
  readonly askAgainMs: number;
  /** Called with a text that is not the one before; throws where it is of no use. */
  readonly onText: (text: string, from: 'source' | 'copy') => void;
  /** The source was read and is of use, whether or not it has changed. */
  readonly onConfirmed?: () => void;
  /** What was there before stays. */
  readonly onFailed: (error: unknown) => void;
  /** The text is in use, and its copy is as it was; it is tried again at the next look. */
  readonly onNotKept?: (error: unknown) => void;
}

const timeoutMs = 3_000;

/** A small text of others, kept as new as can be; the last good one counts while there is no newer one (I7). */
export class PolledText {
  private text: string | null = null;
  /** Of which there is a copy. */
  private kept: string | null = null;
  private failed = false;
  private askedAtMs = -Infinity;
  private asking: Promise<void> | null = null;
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly options: PolledTextOptions) {}

  /** Resolves with a copy in hand, or after a first look: who has a copy doesn't wait for a server that is down. */
  async start(): Promise<void> {
    this.timer = setInterval(() => void this.look(), this.options.everyMs);
    this.timer.unref();
    if (this.copyFile !== null) await this.takeCopy(this.copyFile);
    const looked = this.look();
    if (this.text === null) await looked;
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
  }

  /** Whether the last look found a text that is of use: else there may be a newer one that nobody has seen. */
  get isCurrent(): boolean {
    return this.text !== null && !this.failed;
  }

  /** Looks, unless that was just done; resolves when it is. */
  refresh(): Promise<void> {
    const { askAgainMs } = this.options;
    return !this.asking && performance.now() - this.askedAtMs < askAgainMs ? Promise.resolve() : this.look();
  }

  private look(): Promise<void> {
    this.asking ??= this.read().finally(() => {
      this.asking = null;
    });
    return this.asking;
  }

  private get isRemote(): boolean {
    return /^https?:\/\//.test(this.options.source);
  }

  private get copyFile(): string | null {
    return (this.isRemote && this.options.copyFile) || null;
  }

  private async read(): Promise<void> {
    const { source, bytesMax, onText, onConfirmed, onFailed } = this.options;
    this.askedAtMs = performance.now();
    try {
      const text = await (this.isRemote ? fetchText(source, bytesMax) : readFile(source, 'utf8'));
      if (text !== this.text) onText(text, 'source');
      this.text = text;
      this.failed = false;
      onConfirmed?.();
    } catch (error) {
      this.failed = true;
      return onFailed(error);
    }
    await this.keepCopy(this.text);
  }

  /** A disk that was full when the text came must not leave its copy behind for good. */
  private async keepCopy(text: string): Promise<void> {
    const { copyFile } = this;
    if (copyFile === null || text === this.kept) return;
    const { source, onNotKept } = this.options;
    // Workers and processes that overlap keep the same copy.
    const written = `${copyFile}.${process.pid}.${threadId}`;
    try {
      await writeFile(written, JSON.stringify({ source, text }), { mode: 0o600 });
      await rename(written, copyFile);
      this.kept = text;
    } catch (error) {
      await rm(written, { force: true }).catch(() => undefined);
      onNotKept?.(error);
    }
  }

  /** Of this source only: after another was configured, the old one's keys mean nothing. */
  private async takeCopy(copyFile: string): Promise<void> {
    const { source, onText } = this.options;
    try {
      const copy = JSON.parse(await readFile(copyFile, 'utf8')) as { source?: unknown; text?: unknown };
      if (copy.source !== source || typeof copy.text !== 'string') return;
      onText(copy.text, 'copy');
      this.text = copy.text;
      this.kept = copy.text;
    } catch {
      // No copy, or none of use: there is nothing until the source answers; if it doesn't, that is told.
    }
  }
}

const fetchText = async (source: string, bytesMax: number): Promise<string> => {
  const answer = await fetch(source, { signal: AbortSignal.timeout(timeoutMs), redirect: 'error' });
  if (!answer.ok) throw new Error(`it answered ${answer.status}`);
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of answer.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > bytesMax) throw new Error('it is too large');
  }
  return text;
};
