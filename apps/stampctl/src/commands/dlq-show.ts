import { EventDeadLetterIdSchema } from '@lapidary/contracts/api/replication';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { deadLetterFacts } from '../output/replication-tables.js';

const Arguments = z.object({ letter: EventDeadLetterIdSchema });

export const dlqShow: Command = async (invocation) => {
  const { letter: id } = invocation.parse(Arguments, { letter: invocation.args[0] });
  const { output } = invocation;
  const letter = await invocation.connect().eventDeadLetter(id);
  await output.result({ data: letter, name: letter.id, table: (view) => deadLetterFacts(letter, view) });
  if (letter.state === 'open') output.hint(`Once its cause is mended: stampctl dlq replay ${id} --dry-run`);
};
