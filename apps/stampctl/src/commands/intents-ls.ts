import { IntentListQuerySchema } from '@lapidary/contracts/api/intents';
import { IntentsApi } from '../client/intents-api.js';
import type { Command } from '../invocation.js';
import { intentsTable } from '../output/intent-text.js';
import { LimitField } from './fields.js';
import { printOfRegions } from './list-of-regions.js';

const Options = IntentListQuerySchema.omit({ cursor: true, limit: true }).extend({ limit: LimitField });

export const intentsLs: Command = async (invocation) => {
  const { options } = invocation;
  const { limit, region, ...query } = invocation.parse(Options, { ...options, owner: options.for });
  const api = invocation.connect();
  const intents = new IntentsApi(api);
  return await printOfRegions(invocation, {
    api,
    region,
    limit,
    page: (of) => intents.list({ ...query, region: of }, limit),
    at: (intent) => intent.createdAt,
    name: (intent) => intent.id,
    table: intentsTable,
    empty: query.state === 'open' ? 'Nothing waits for another region.' : `No intents that are ${query.state}.`,
  });
};
