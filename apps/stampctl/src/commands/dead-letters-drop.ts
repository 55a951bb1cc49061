import { JobIdSchema } from '@lapidary/contracts/api/common';
import { DropDeadLetterSchema } from '@lapidary/contracts/api/dead-letters';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { deadLettersTable } from '../output/dead-letter-text.js';
import { required } from './fields.js';

const Input = z.object({ letter: JobIdSchema }).extend(DropDeadLetterSchema.shape);

export const deadLettersDrop: Command = async (invocation) => {
  const given = required(invocation.options.reason, '--reason', 'Say why nothing has to be done, for whoever asks later.');
  const { letter: id, reason } = invocation.parse(Input, { letter: invocation.args[0], reason: given });
  const letter = await invocation.connect().dropDeadLetter(id, reason);
  await invocation.output.result({ data: letter, name: letter.id, table: (view) => deadLettersTable([letter], view) });
};
