import { compareRoutes, refreshReplica, type RouteTools } from '@lapidary/control-plane/drift/routes/compare-routes';
import type { ReplicaFleet } from '@lapidary/control-plane/drift/routes/replica-fleet';
import { isAppError } from '@lapidary/kernel/app-error';
import { waitFor } from '@lapidary/kernel/wait-for';
import { patienceMs } from './region-parts.js';

/** Tells each of `count` replicas once to fetch everything anew, as soon as it is heard, and waits until all hold what they must: they answer before they have it. */
export const refreshReplicas = async (tools: RouteTools, fleet: ReplicaFleet, count: number, signal: AbortSignal): Promise<void> => {
  const told = new Set<string>();
  const areRight = async (): Promise<true | undefined> => {
    const heard = (await fleet.look(tools.dataSource)).filter(({ digest }) => digest !== null);
    for (const replica of heard) {
      if (told.has(replica.name)) continue;
      await refreshReplica(tools, replica);
      told.add(replica.name);
    }
    if (heard.length < count) return undefined;
    for (const replica of heard) {
      const { drifted, pending, more } = await compareRoutes(tools, replica, null, signal);
      if (drifted.length > 0 || pending.length > 0 || more) return undefined;
    }
    return true;
  };
  // It loads the directory anew.
  const orNotReady = (error: unknown): undefined => {
    if (!isAppError(error) || error.code !== 'not_ready') throw error;
  };
  await waitFor('routers and agents to hold what they must', () => areRight().catch(orNotReady), { timeoutMs: patienceMs });
};
