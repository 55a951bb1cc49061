import { eventDeadLetterStates } from '@lapidary/contracts/api/replication';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { deadLettersTable } from '../output/replication-tables.js';
import { ChoiceFields, queryOf } from './dead-letter-choice.js';
import { LimitField } from './fields.js';
import { printOfRegions } from './list-of-regions.js';

const Options = ChoiceFields.extend({ state: z.enum(eventDeadLetterStates).default('open'), limit: LimitField });

export const dlqLs: Command = async (invocation) => {
  const { limit, state, ...choice } = invocation.parse(Options, invocation.options);
  const api = invocation.connect();
  const query = { ...queryOf(choice, Date.now()), state };
  return await printOfRegions(invocation, {
    api,
    region: choice.region,
    limit,
    page: (of) => api.eventDeadLetters({ ...query, region: of }, limit),
    at: (letter) => letter.parkedAt,
    name: (letter) => letter.id,
    table: deadLettersTable,
    empty: state === 'open' ? 'No dead letters: everything that came could be applied.' : `No dead letters that are ${state}.`,
  });
};
