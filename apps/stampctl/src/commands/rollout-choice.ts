import { AppError } from '@lapidary/kernel/app-error';
import { openRolloutStatuses, RolloutIdSchema, type RolloutView } from '@lapidary/contracts/api/rollouts';
import { z } from 'zod';
import { RolloutsApi } from '../client/rollouts-api.js';
import type { Invocation } from '../invocation.js';

const Arguments = z.object({ rollout: RolloutIdSchema.optional() });
/** Enough to find the open one among those that ended lately. */
const lookedAt = 20;

export const rolloutsOf = (invocation: Invocation): RolloutsApi => new RolloutsApi(invocation.connect().http);

/** The roll-out that is named; else the one under way, or the newest. */
export const chosenRollout = async (invocation: Invocation, api: RolloutsApi): Promise<RolloutView> => {
  const { rollout: id } = invocation.parse(Arguments, { rollout: invocation.args[0] });
  if (id !== undefined) return await api.show(id);
  const { items } = await api.list({}, lookedAt);
  const chosen = items.find((r) => openRolloutStatuses.includes(r.status) && !r.givenUp) ?? items[0];
  if (!chosen)
    throw new AppError('not_found', 'There is no roll-out yet', {
      details: { check: 'Begin one: stampctl rollout start --workload <version>' },
    });
  // Lists show another region's as its last event told; its figures are newer there.
  return await api.show(chosen.id);
};
