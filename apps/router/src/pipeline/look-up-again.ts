import { setTimeout as sleep } from 'node:timers/promises';
import type { ForwardDecision, RouteDecision } from './decide.js';

/** The source answers within milliseconds or not at all; the client is waiting. */
const refreshMs = 500;
/** Where the directory knew nothing newer, the stamp is most likely just being told of the tenant: this gives it time. */
const sameAnswerPauseMs = 100;

/**
 * Behind a 421: has the tenant's entry fetched, and resolves when it is time to decide anew. Never rejects: a source that is away leaves what
 * the directory says.
 */
export const lookUpAgain = async (
  refreshTenant: (tenant: string) => Promise<void>,
  before: ForwardDecision,
  decide: () => RouteDecision,
): Promise<void> => {
  await Promise.race([refreshTenant(before.tenant).catch(() => undefined), sleep(refreshMs)]);
  const again = decide();
  if (again.action === 'forward' && again.stamp === before.stamp && again.epoch === before.epoch) await sleep(sameAnswerPauseMs);
};
