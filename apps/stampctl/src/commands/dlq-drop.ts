import type { EventDeadLetterView } from '@lapidary/contracts/api/replication';
import { DropRequestSchema } from '@lapidary/contracts/api/replication';
import type { Command } from '../invocation.js';
import { confirmByName } from '../output/confirm.js';
import { deadLettersTable } from '../output/replication-tables.js';
import { chosenLetters, ChoiceFields } from './dead-letter-choice.js';
import { required } from './fields.js';

const Options = ChoiceFields.extend(DropRequestSchema.shape);

export const dlqDrop: Command = async (invocation) => {
  const given = required(invocation.options.reason, '--reason', 'Say why it is given up: the reason stays with it.');
  const { reason, ...choice } = invocation.parse(Options, { ...invocation.options, reason: given, letter: invocation.args[0] });
  const { options, output, signal } = invocation;
  const api = invocation.connect();
  const letters = await chosenLetters(api, choice, Date.now());
  const dropped: EventDeadLetterView[] = [];
  if (letters.length === 0) output.hint('No open dead letters fit.');
  else {
    const one = letters.length === 1;
    const act = one ? `Dropping ${letters[0]!.id}` : `Dropping ${letters.length} dead letters`;
    await confirmByName(output, act, 'means that they are never applied', one ? letters[0]!.id : 'drop', options.yes === true, signal);
    for (const letter of letters) dropped.push(await api.dropEventDeadLetter(letter.id, reason));
  }
  await output.result({
    data: { items: dropped },
    name: dropped.map((d) => d.id),
    table: (view) => (dropped.length === 0 ? '' : deadLettersTable(dropped, view)),
  });
};
