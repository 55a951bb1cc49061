import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';
import { LimitsApi } from '../client/limits-api.js';
import type { Command } from '../invocation.js';
import { Interrupted } from '../output/terminal.js';
import { trafficText } from '../output/traffic-text.js';
import { LimitField } from './fields.js';

/** Routers report this often. */
const everyMs = 2_000;
/** From the upper left corner, and nothing below what is written. */
const redraw = '\u001b[H\u001b[2J';

const Arguments = z.object({ region: RegionNameSchema, once: z.boolean().default(false), limit: LimitField });
const rowsDefault = 10;

/** Live in a terminal, until Ctrl-C; else, as data or with --once, what is so now. */
export const top: Command = async (invocation) => {
  const { args, options, output } = invocation;
  const { region, once, limit } = invocation.parse(Arguments, { region: args[0], once: options.once, limit: options.limit ?? rowsDefault });
  const api = invocation.connect();
  const limits = new LimitsApi(api);
  const show = async (before: string): Promise<void> => {
    const traffic = await limits.traffic(region);
    if (before !== '') output.line(before);
    await output.result({
      data: traffic,
      name: traffic.routers.map(({ router }) => router),
      table: (view) => trafficText(traffic, limit, view),
    });
  };
  if (once || !output.interactive) return void (await show(''));
  try {
    for (;;) {
      await show(redraw);
      await api.http.pause(everyMs);
    }
  } catch (error) {
    // To be ended by Ctrl-C is its normal end.
    if (!(error instanceof Interrupted)) throw error;
  }
};
