import { pino, type Logger } from 'pino';

/** Structured logs on stdout; one logger per process, children per part. Secrets that could slip in are cut out by path. */
export const createLogger = (process: string, level: string, bindings: Record<string, unknown> = {}): Logger =>
  pino({
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
  });

export type { Logger } from 'pino';
