import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from './app-error.js';

/**
 * Repeats `attempt` until it returns something other than undefined. Throws `timeout` with `what` at the deadline.
 * For conditions that nobody announces; where there is an event, await the event.
 */
export const waitFor = async <T>(
  what: string,
  attempt: () => Promise<T | undefined> | T | undefined,
  options: { readonly timeoutMs: number; readonly intervalMs?: number; readonly signal?: AbortSignal },
): Promise<T> => {
  const deadline = Date.now() + options.timeoutMs;
  for (;;) {
    options.signal?.throwIfAborted();
    const value = await attempt();
    if (value !== undefined) return value;
    if (Date.now() >= deadline) throw new AppError('timeout', `Gave up waiting for ${what} after ${options.timeoutMs} ms`);
    await sleep(options.intervalMs ?? 50, undefined, { signal: options.signal });
  }
};
