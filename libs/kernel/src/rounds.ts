import { Wakeup } from './wakeup.js';

/**
 * What a leader does all its term (libs/db/src/leader.ts): one round after another, `pauseMs` between them, until the signal. One that
 * fails is told, and tried again after the same pause.
 */
export const keepRounds = async (
  signal: AbortSignal,
  pauseMs: number,
  round: () => Promise<void>,
  onFailure: (error: unknown) => void,
): Promise<void> => {
  while (!signal.aborted) {
    await round().catch(onFailure);
    await new Wakeup().wait(pauseMs, signal);
  }
};
