import { pino, type Logger, type LoggerOptions } from 'pino';
import { logDestination } from './log-destination.js';

/** Structured logs on stdout; one logger per process, children per part. Secrets that could slip in are cut out by path. */
export const createLogger = (process: string, level: string, bindings: Record<string, unknown> = {}): Logger => {
  const to = logDestination({ file: null, sync: true, minLength: 0 });
  const options: LoggerOptions = {
    level,
    base: { process, ...bindings },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: [
        'req.headers.authorization',
        'req.headers.cookie',
        'req.headers["x-lapidary-route-token"]',
        '*.token',
        '*.password',
        '*.natsPassword',
        '*.passphrase',
      ],
      censor: '[secret]',
    },
  };
  const logger = pino(options, to);
  let lost = 0;
  to.on('drop', () => (lost += 1));
  to.on('write', () => {
    if (lost === 0) return;
    const lines = lost;
    lost = 0;
    // Not within the write that just ended.
    setImmediate(() => logger.warn({ lines }, 'lines of this log are lost: it could not be written for a while'));
  });
  return logger;
};

export type { Logger } from 'pino';
