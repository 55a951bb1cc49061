import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '@lapidary/kernel/app-error';
import { openRolloutStatuses, type RolloutView } from '@lapidary/contracts/api/rollouts';
import type { RolloutsApi } from '../client/rollouts-api.js';
import type { Invocation } from '../invocation.js';
import { rolloutLine } from '../output/rollout-text.js';

/** A roll-out moves at most once a second. */
const pollMs = 1_000;

/** Prints what it does until it has ended. A paused one is waited for too: somebody may be looking at it. */
export const watchRollout = async (invocation: Invocation, api: RolloutsApi, from: RolloutView): Promise<RolloutView> => {
  const { output, signal } = invocation;
  for (let after = 0, rollout = from; ; rollout = await api.show(from.id)) {
    const { items } = await api.events(from.id, after);
    for (const line of items) output.note(rolloutLine(line, output.colours));
    after = items.at(-1)?.sequence ?? after;
    if (!openRolloutStatuses.includes(rollout.status)) return rollout;
    await sleep(pollMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
};

/** For scripts: an end other than the one that was asked for is a failure. */
export const assertEndedAs = (rollout: RolloutView, wanted: RolloutView['status']): void => {
  if (openRolloutStatuses.includes(rollout.status) || rollout.status === wanted) return;
  throw new AppError('rollout_halted', `Roll-out ${rollout.id} is ${rollout.status}: ${rollout.statusReason ?? 'no reason given'}`, {
    details: { rollout: rollout.id, status: rollout.status },
  });
};
