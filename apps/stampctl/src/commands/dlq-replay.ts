import type { ReplayResult } from '@lapidary/contracts/api/replication';
import { exitCodes } from '@lapidary/kernel/error-catalogue';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { replaysTable } from '../output/replication-tables.js';
import { chosenLetters, ChoiceFields } from './dead-letter-choice.js';

/** Each is a transaction that the region's own readers wait for; at this rate they don't notice. */
const rateDefault = 20;
const rateMax = 1_000;

const Options = ChoiceFields.extend({
  dryRun: z.boolean().default(false),
  rate: z.coerce.number({ error: 'is a number per second' }).positive().max(rateMax).default(rateDefault),
});

export const dlqReplay: Command = async (invocation) => {
  const { dryRun, rate, ...choice } = invocation.parse(Options, { ...invocation.options, letter: invocation.args[0] });
  const { output, signal } = invocation;
  const api = invocation.connect();
  const letters = await chosenLetters(api, choice, Date.now());
  const results: ReplayResult[] = [];
  for (const letter of letters) {
    if (results.length > 0) await sleep(1_000 / rate, undefined, { signal });
    const result = await api.replayEventDeadLetter(letter.id, dryRun);
    results.push(result);
    output.note(`${letter.id} ${letter.type} ${letter.subject}: ${wordsOf(result)}`);
  }
  if (letters.length === 0) output.hint('No open dead letters fit.');
  await output.result({
    data: { items: results },
    name: results.map((r) => r.deadLetter.id),
    table: (view) => (results.length === 0 ? '' : replaysTable(results, view)),
  });
  if (dryRun && results.some((r) => r.outcome === 'applied')) output.hint('Nothing was changed. Without --dry-run it is kept.');
  return results.some((r) => r.outcome === 'refused') ? exitCodes.error : exitCodes.ok;
};

const wordsOf = ({ outcome, dryRun, error, released }: ReplayResult): string => {
  if (outcome === 'refused') return `refused again: ${error ?? ''}`;
  const behind = released > 0 ? `, and ${released} that waited behind it` : '';
  if (outcome === 'superseded') return `a newer event has told it already${behind}`;
  return dryRun ? 'would be applied' : `applied${behind}`;
};
