import type { LiveEvent } from '@lapidary/contracts/api/system';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { liveEvents } from '../client/live-events.js';
import { clockTime } from '../output/human-time.js';
import type { View } from '../output/output.js';
import { Interrupted } from '../output/terminal.js';
import { LimitField } from './fields.js';

const Options = z.object({
  type: z.string().optional(),
  subject: z.string().optional(),
  since: z.string().max(200).optional(),
  limit: LimitField,
});

export const eventsTail: Command = async (invocation) => {
  const { output } = invocation;
  const { type = '', subject = '', since, limit } = invocation.parse(Options, invocation.options);
  let left = limit;
  let wasAway = false;
  try {
    for await (const update of liveEvents(invocation.connect().http, since)) {
      if (update.type === 'away' && !wasAway) output.note('control plane away, retrying');
      if (update.type === 'connected' && wasAway) output.note('control plane is back');
      if (update.type === 'reset') output.warn('events were missed; what you read before may be out of date');
      wasAway = update.type === 'away' || (wasAway && update.type !== 'connected');
      if (update.type !== 'event' || !update.event.type.includes(type) || !update.event.subject.includes(subject)) continue;
      const { event } = update;
      await output.item({ data: event, name: event.id, table: (view) => eventLine(event, view) });
      left -= 1;
      if (left <= 0) return;
    }
  } catch (error) {
    // To be ended by Ctrl-C is the normal end of a tail.
    if (!(error instanceof Interrupted)) throw error;
  }
};

const eventLine = (event: LiveEvent, view: View): string => {
  const type = event.type.replace(/^lapidary\./, '').replace(/\.v\d+$/, '');
  return [
    view.colours.dim(clockTime(event.at)),
    event.region,
    view.colours.bold(type.padEnd(18)),
    event.subject,
    ...whatChanged(event, view.wide),
  ].join('  ');
};

/** The one fact of an event that people look for. */
const Telling = z.object({
  job: z.object({ status: z.string() }).optional(),
  event: z.object({ message: z.string() }).optional(),
  tenant: z.object({ status: z.string(), placement: z.object({ stamp: z.string(), epoch: z.number() }).nullable() }).optional(),
  stamp: z.object({ status: z.string(), health: z.string() }).optional(),
});

const whatChanged = (event: LiveEvent, wide: boolean): string[] => {
  if (wide) return [JSON.stringify(event.data)];
  const { data } = Telling.safeParse(event.data);
  if (!data) return [];
  if (data.event) return [data.event.message];
  if (data.tenant)
    return [data.tenant.placement ? `on ${data.tenant.placement.stamp}, epoch ${data.tenant.placement.epoch}` : data.tenant.status];
  return [data.job?.status ?? data.stamp?.status ?? ''].filter((text) => text !== '');
};
