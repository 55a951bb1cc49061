import type { GivenUpRollout } from '@lapidary/contracts/api/rollouts';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { regionOfRollout } from '@lapidary/kernel/names';
import { keepGivenUp } from '../stamps/given-up-rollouts.js';

/** A roll-out was given up in the event's region; never one of its own, which it would have ended. Throws `poison_event` otherwise. */
export const applyGivenUp = async (tx: Tx, event: EventEnvelope, givenUp: GivenUpRollout): Promise<void> => {
  const { rollout, region } = givenUp;
  if (region !== event.originregion || event.subject !== `rollout/${rollout}` || regionOfRollout(rollout) === region)
    throw new AppError('poison_event', `Region ${event.originregion} told that region ${region} gave up ${rollout}`);
  await keepGivenUp(tx, givenUp);
};
