import type { AppError } from '@lapidary/kernel/app-error';

/** A restart of one process takes about a second: three tries more bridge it. */
export const attemptsDefault = 4;
/** No try begins later: what a control plane answers only after time-outs of its own is told soon, not four times over. */
export const repeatMsMax = 10_000;

interface Tried {
  readonly made: number;
  readonly most: number;
  /** Since the first try began. */
  readonly elapsedMs: number;
}

/** Whether the same request may be made once more: it may pass, and tries and time are left. */
export const mayRepeat = (failure: AppError, { made, most, elapsedMs }: Tried): boolean =>
  mayPass(failure) && made < most && elapsedMs < repeatMsMax;

/** The connection failed, or the server said so with a 5xx or 429. */
const mayPass = ({ code, entry }: AppError): boolean =>
  code === 'api_unreachable' ||
  code === 'request_in_progress' ||
  (entry.retry && (entry.status >= 502 || entry.status === 429) && code !== 'timeout');
