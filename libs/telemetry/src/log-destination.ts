import { destination } from 'pino';

/** What is kept of lines that can't be written: a minute of warnings, and nothing beside what a process uses. What comes then is lost. */
const keptBytesMax = 1024 * 1024;

export type LogDestination = ReturnType<typeof destination>;

export interface LogDestinationOptions {
  /** File, or null for the standard output. */
  readonly file: string | null;
  /** Whether a line is written before the call returns. */
  readonly sync: boolean;
  /** Gathered until so many bytes have come together; 0: each line by itself. */
  readonly minLength: number;
}

/**
 * Where lines of a log go. A disk that is full must not end a process, nor make it wait: what can't be written is kept, up to a bound, and
 * written once that is possible. pino's own destination throws the first failure as an error nobody can catch, and its end tries again
 * without an end.
 */
export const logDestination = ({ file, sync, minLength }: LogDestinationOptions): LogDestination => {
  const to = destination({ dest: file ?? 1, sync, minLength, maxLength: keptBytesMax });
  const flushSync = to.flushSync.bind(to);
  let isFailing = false;
  to.on('error', () => (isFailing = true));
  to.on('write', () => (isFailing = false));
  // It tries until it succeeds. Where lines are written at once there is nothing left to do but what can't be done.
  to.flushSync = () => {
    if (!sync && !isFailing) flushSync();
  };
  return to;
};
