import { setTimeout as sleep } from 'node:timers/promises';
import { isAppError } from '@lapidary/kernel/app-error';
import { z } from 'zod';
import { parseDurationMs } from '../context/duration.js';
import { HaproxyFeeder } from '../directory/haproxy-feeder.js';
import { HaproxyRuntime } from '../directory/haproxy-runtime.js';
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

export const directoryFeedHaproxy: Command = async (invocation) => {
  const { socket, map, baseDomain, every, once } = invocation.parse(Options, invocation.options);
  const { output, signal } = invocation;
  const everyMs = parseDurationMs(every);
  const api = invocation.connect();
  const feeder = new HaproxyFeeder(new HaproxyRuntime(socket, map), async () => (await readDirectory(api, baseDomain)).routes);
  for (;;) {
    try {
      const fed = await feeder.look();
      const text = `${fed.added} added, ${fed.changed} changed, ${fed.removed} removed: ${fed.how}`;
      if (once || fed.how !== 'nothing to do') await output.item({ data: fed, name: fed.how, table: () => text });
    } catch (error) {
      // A control plane or a proxy that is away must not end the feeder: the map that is there serves on.
      if (once || !isAppError(error) || !error.entry.retry) throw error;
      output.warn(`${error.message}; trying again`);
      await feeder.bringBack().catch((failure: unknown) => output.warn(isAppError(failure) ? failure.message : String(failure)));
    }
    if (once) return;
    await sleep(everyMs, undefined, { signal });
  }
};
