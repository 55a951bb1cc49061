import { setTimeout as sleep } from 'node:timers/promises';
import { isAppError } from '@lapidary/kernel/app-error';
import { z } from 'zod';
import type { Api } from '../client/api.js';
import { parseDurationMs } from '../context/duration.js';
import { changesOneByOneMax, HaproxyRuntime } from '../directory/haproxy-runtime.js';
import { mapChanges } from '../directory/map-changes.js';
import { routeWord } from '../directory/formats.js';
import { readDirectory } from '../directory/routes.js';
import type { Command } from '../invocation.js';
import { baseDomainDefault } from './fields.js';

const Options = z.object({
  socket: z.string(),
  map: z.string(),
  baseDomain: z.string().default(baseDomainDefault),
  every: z.string().default('2s'),
  once: z.boolean().default(false),
});

export interface Fed {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  readonly how: 'nothing to do' | 'one by one' | 'all at once';
}

/** One look: what HAProxy holds is asked anew each time, since a reload of its own takes it back to its file. */
export const feedOnce = async (api: Api, runtime: HaproxyRuntime, baseDomain: string): Promise<Fed> => {
  const { routes } = await readDirectory(api, baseDomain);
  const changes = mapChanges(await runtime.held(), routes);
  const counts = { added: changes.add.length, changed: changes.set.length, removed: changes.remove.length };
  const total = counts.added + counts.changed + counts.removed;
  if (total === 0) return { ...counts, how: 'nothing to do' };
  if (total <= changesOneByOneMax) {
    await runtime.change(changes);
    return { ...counts, how: 'one by one' };
  }
  await runtime.replace(routes.map((route) => [route.host, routeWord(route)] as const));
  return { ...counts, how: 'all at once' };
};

export const directoryFeedHaproxy: Command = async (invocation) => {
  const { socket, map, baseDomain, every, once } = invocation.parse(Options, invocation.options);
  const { output, signal } = invocation;
  const everyMs = parseDurationMs(every);
  const runtime = new HaproxyRuntime(socket, map);
  const api = invocation.connect();
  for (;;) {
    try {
      const fed = await feedOnce(api, runtime, baseDomain);
      const text = `${fed.added} added, ${fed.changed} changed, ${fed.removed} removed: ${fed.how}`;
      if (once || fed.how !== 'nothing to do') await output.item({ data: fed, name: fed.how, table: () => text });
    } catch (error) {
      // A control plane or a proxy that is away must not end the feeder: the map that is there serves on.
      if (once || !isAppError(error) || !error.entry.retry) throw error;
      output.warn(`${error.message}; trying again`);
    }
    if (once) return;
    await sleep(everyMs, undefined, { signal });
  }
};
