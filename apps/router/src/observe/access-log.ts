import { pino, type Logger } from 'pino';
import type { RouterConfig } from '@lapidary/config/router';
import { logDestination, type LogDestination } from '@lapidary/telemetry/log-destination';
import { traceIdOf } from '@lapidary/telemetry/tracing/traceparent';
import type { Described, Ended } from './ended-request.js';
import type { Ending } from './traffic-figures.js';

/** Written at once when so much has come together … */
const batchBytes = 8 * 1024;
/** … and otherwise this often: a line is late by a second at most. */
const flushMs = 1_000;

/** A disk that takes longer than this for the rest is not waited for. */
const closeMs = 1_000;

export interface AccessLogOptions {
  /** Part of the requests that went well that are written, 0 to 1; failures are always. */
  readonly sample: number;
  /** File, or null for the standard output. */
  readonly file: string | null;
  readonly random?: () => number;
}

/** One line per sampled request, gathered and written off the hot path; what could not be written is lost, never waited for. */
export class AccessLog {
  private readonly lines: Logger;
  private readonly to: LogDestination;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly options: AccessLogOptions) {
    this.to = logDestination({ file: options.file, sync: false, minLength: batchBytes });
    this.lines = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, this.to);
    this.timer = setInterval(() => this.to.flush(() => undefined), flushMs);
    this.timer.unref();
  }

  ended(described: Described, tenant: string | null, stamp: string | null, ended: Ended, ending: Ending): void {
    const { sample, random = Math.random } = this.options;
    if (ending !== 'failed' && (sample === 0 || random() >= sample)) return;
    const { requestId, trace, method, host, target } = described;
    // The query may hold what belongs to nobody's log.
    const path = target.split('?', 1)[0];
    this.lines[ending === 'failed' ? 'warn' : 'info'](
      { requestId, traceId: traceIdOf(trace.toStamp), method, host, path, tenant, stamp, ...ended },
      'request',
    );
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await new Promise<void>((resolve) => {
      const given = setTimeout(resolve, closeMs);
      this.to.once('close', () => (clearTimeout(given), resolve()));
      this.to.end();
    });
  }
}

export const accessLogFromConfig = (config: RouterConfig): AccessLog | null => {
  const { LAPIDARY_ACCESS_LOG_SAMPLE: sample, LAPIDARY_ACCESS_LOG_FILE: file = null } = config;
  return sample === 0 ? null : new AccessLog({ sample, file });
};
