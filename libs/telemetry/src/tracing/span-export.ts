import type { EndedSpan, SpanExportOptions } from './ended-span.js';
import type { OtlpSender } from './otlp-sender.js';

/** Until the exporter is loaded, some tens of milliseconds; more are lost rather than kept. */
const waitingMax = 2_048;
/** What stands between a process and its end: less than the grace that any of ours has. */
const closeMs = 1_000;

/** Sends spans to a collector by OTLP over HTTP, in batches and behind the back of whoever ends them. Never throws, never waits. */
export class SpanExport {
  private sender: OtlpSender | null = null;
  /** Null when the exporter could not be loaded: then all that ends is lost, and counted so. */
  private waiting: EndedSpan[] | null = [];
  private readonly loaded: Promise<void>;

  constructor(private readonly options: SpanExportOptions) {
    this.loaded = this.load();
  }

  ended(span: EndedSpan): void {
    if (this.sender !== null) this.sender.ended(span);
    else if (this.waiting !== null && this.waiting.length < waitingMax) this.waiting.push(span);
    else this.options.onSent('failed', 1);
  }

  /** Sends what waits, for a second at most. */
  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, closeMs)));
    await Promise.race([this.loaded.then(() => this.sender?.shutdown()).catch(() => undefined), late]);
    clearTimeout(timer);
  }

  private async load(): Promise<void> {
    const waiting = this.waiting ?? [];
    try {
      const { OtlpSender } = await import('./otlp-sender.js');
      this.sender = new OtlpSender(this.options);
      for (const span of waiting.splice(0)) this.sender.ended(span);
    } catch {
      this.waiting = null;
      if (waiting.length > 0) this.options.onSent('failed', waiting.length);
    }
  }
}
