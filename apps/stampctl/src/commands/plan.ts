import { StampNameSchema } from '@lapidary/contracts/api/common';
import type { Plans } from '@lapidary/contracts/api/provisioning';
import { AppError, toAppError } from '@lapidary/kernel/app-error';
import { exitCodes } from '@lapidary/kernel/error-catalogue';
import { regionOfStamp } from '@lapidary/kernel/names';
import { z } from 'zod';
import type { Api } from '../client/api.js';
import type { Command } from '../invocation.js';
import { fleetPlanTable, hasChanges } from '../output/plan-text.js';

const Typed = z.object({ stamps: z.array(StampNameSchema), all: z.boolean(), region: z.string().optional() });

/** Plans of many stamps, each made by its own region. A region that can't be asked is told, and the others are planned. */
export const plan: Command = async (invocation) => {
  const { options, output } = invocation;
  const typed = { stamps: invocation.args.filter((name) => name !== undefined), all: options.all === true, region: options.region };
  const { stamps, all, region } = invocation.parse(Typed, typed);
  if (all === stamps.length > 0) throw new AppError('usage', 'Name the stamps to plan, or say --all');
  const api = invocation.connect();
  const regions = all ? await regionsToAsk(api, region) : [...new Set(stamps.map((name) => regionOfStamp(name) ?? ''))];
  const parts = await Promise.all(regions.map(async (name) => planRegion(api, name, all ? undefined : stamps, output.warn.bind(output))));
  const answered = parts.filter((part) => part !== null);
  if (answered.length === 0 && parts.length > 0) throw new AppError('region_unreachable', 'No region could make its plans');
  const items = answered.flatMap((part) => part.items);
  await output.result({
    data: { items, unanswered: regions.filter((name) => !answered.some((part) => part.region === name)) },
    name: items.filter(({ plan: made }) => made !== null && hasChanges(made)).map(({ stamp }) => stamp),
    table: (view) => (items.length === 0 ? 'There are no stamps.' : fleetPlanTable(items, view)),
  });
  if (answered.length < parts.length || items.some(({ plan: made }) => made === null)) return exitCodes.error;
  const changing = items.filter(({ plan: made }) => made !== null && hasChanges(made));
  if (changing[0] !== undefined) output.hint(`In full, one by one: stampctl diff ${changing[0].stamp}`);
  return changing.length > 0 ? exitCodes.changes : exitCodes.ok;
};

const regionsToAsk = async (api: Api, only: string | undefined): Promise<readonly string[]> =>
  only === undefined ? (await api.regions()).map(({ name }) => name) : [only];

const planRegion = async (
  api: Api,
  region: string,
  stamps: readonly string[] | undefined,
  warn: (text: string) => void,
): Promise<Plans | null> => {
  try {
    const own = stamps?.filter((name) => regionOfStamp(name) === region);
    return await api.plans({ region, ...(own === undefined ? {} : { stamps: own }) });
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.code !== 'region_unreachable' && error.code !== 'timeout') throw thrown;
    warn(`${region}: ${error.message}`);
    return null;
  }
};
