import { IntentListQuerySchema } from '@lapidary/contracts/api/intents';
import { IntentsApi } from '../client/intents-api.js';
import type { Command } from '../invocation.js';
import { intentsTable } from '../output/intent-text.js';
import { LimitField } from './fields.js';
import { printList } from './list-result.js';

const Options = IntentListQuerySchema.omit({ cursor: true, limit: true }).extend({ limit: LimitField });

export const intentsLs: Command = async (invocation) => {
  const { options } = invocation;
  const { limit, ...query } = invocation.parse(Options, { ...options, owner: options.for });
  const page = await new IntentsApi(invocation.connect()).list(query, limit);
  const empty = query.state === 'open' ? 'Nothing waits for another region.' : `No intents that are ${query.state}.`;
  await printList(invocation.output, page, { name: (i) => i.id, table: intentsTable, empty });
};
