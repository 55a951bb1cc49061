import type { ReplayResult } from '@lapidary/contracts/api/replication';
import { exitCodes } from '@lapidary/kernel/error-catalogue';
import type { Command } from '../invocation.js';
import { replaysTable } from '../output/replication-tables.js';
import { BatchFields, chosenLetters, eachLetter } from './dead-letter-choice.js';

export const dlqReplay: Command = async (invocation) => {
  const { dryRun, rate, ...choice } = invocation.parse(BatchFields, { ...invocation.options, letter: invocation.args[0] });
  const { output } = invocation;
  const api = invocation.connect();
  const letters = await chosenLetters(api, choice, Date.now());
  const results: ReplayResult[] = [];
  await eachLetter(invocation, letters, { ...choice, rate }, async (letter) => {
    const result = await api.replayEventDeadLetter(letter.id, dryRun);
    results.push(result);
    output.note(`${letter.id} ${letter.type} ${letter.subject}: ${wordsOf(result)}`);
  });
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
