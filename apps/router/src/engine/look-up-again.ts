import { setTimeout as sleep } from 'node:timers/promises';
import { refreshMs, sameAnswerPauseMs } from '../pipeline/after-forward.js';
import type { ForwardDecision, RefuseDecision } from '../pipeline/decide.js';
import type { Route } from './route-cache.js';

/**
 * Behind a 421: has the tenant's entry fetched, and decides anew. Where nothing is newer the stamp is most likely just being
 * told, so that it gets a moment. Never rejects: a source that is away leaves what the directory says.
 */
export const lookUpAgain = async (
  refreshTenant: (tenant: string) => Promise<void>,
  before: ForwardDecision,
  decide: () => Route | RefuseDecision,
): Promise<Route | RefuseDecision> => {
  await Promise.race([refreshTenant(before.tenant).catch(() => undefined), sleep(refreshMs)]);
  const again = decide();
  const isSame = 'decision' in again && again.decision.stamp === before.stamp && again.decision.epoch === before.epoch;
  if (!isSame) return again;
  await sleep(sameAnswerPauseMs);
  return decide();
};
