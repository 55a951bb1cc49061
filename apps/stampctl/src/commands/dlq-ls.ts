import { eventDeadLetterStates } from '@lapidary/contracts/api/replication';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { deadLettersTable } from '../output/replication-tables.js';
import { ChoiceFields, queryOf } from './dead-letter-choice.js';
import { LimitField } from './fields.js';
import { printList } from './list-result.js';

const Options = ChoiceFields.extend({ state: z.enum(eventDeadLetterStates).default('open'), limit: LimitField });

export const dlqLs: Command = async (invocation) => {
  const { limit, state, ...choice } = invocation.parse(Options, invocation.options);
  const page = await invocation.connect().eventDeadLetters({ ...queryOf(choice, Date.now()), state }, limit);
  const empty = state === 'open' ? 'No dead letters: everything that came could be applied.' : `No dead letters that are ${state}.`;
  await printList(invocation.output, page, { name: (d) => d.id, table: deadLettersTable, empty });
};
