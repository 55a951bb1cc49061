import type { EventDeadLetterView } from '@lapidary/contracts/api/replication';
import { DropRequestSchema } from '@lapidary/contracts/api/replication';
import type { Command } from '../invocation.js';
import { confirmByName } from '../output/confirm.js';
import { deadLettersTable } from '../output/replication-tables.js';
import { BatchFields, chosenLetters, eachLetter } from './dead-letter-choice.js';
import { required } from './fields.js';

const Options = BatchFields.extend(DropRequestSchema.shape);

export const dlqDrop: Command = async (invocation) => {
  const given = required(invocation.options.reason, '--reason', 'Say why it is given up: the reason stays with it.');
  const { reason, dryRun, rate, ...choice } = invocation.parse(Options, {
    ...invocation.options,
    reason: given,
    letter: invocation.args[0],
  });
  const { options, output, signal } = invocation;
  const api = invocation.connect();
  const letters = await chosenLetters(api, choice, Date.now());
  const dropped: EventDeadLetterView[] = [];
  if (letters.length === 0) output.hint('No open dead letters fit.');
  else if (dryRun) output.hint('Nothing was changed. Without --dry-run these are given up.');
  else {
    const one = letters.length === 1;
    const act = one ? `Dropping ${letters[0]!.id}` : `Dropping ${letters.length} dead letters`;
    await confirmByName(output, act, 'means that they are never applied', one ? letters[0]!.id : 'drop', options.yes === true, signal);
    await eachLetter(invocation, letters, { ...choice, rate }, async ({ id }) => {
      dropped.push(await api.dropEventDeadLetter(id, reason));
    });
  }
  const shown = dryRun ? letters : dropped;
  await output.result({
    data: { items: shown },
    name: shown.map((d) => d.id),
    table: (view) => (shown.length === 0 ? '' : deadLettersTable(shown, view)),
  });
};
