import { JobIdSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { deadLetterFacts } from '../output/dead-letter-text.js';

const Arguments = z.object({ letter: JobIdSchema });

export const deadLettersShow: Command = async (invocation) => {
  const { letter: id } = invocation.parse(Arguments, { letter: invocation.args[0] });
  const letter = await invocation.connect().deadLetter(id);
  await invocation.output.result({ data: letter, name: letter.id, table: (view) => deadLetterFacts(letter, view) });
  if (letter.resolution !== null) return;
  const replay = letter.job === null ? '' : `Try it again: stampctl jobs dead-letters replay ${id}. `;
  invocation.output.hint(`${replay}Put it aside: stampctl jobs dead-letters drop ${id} --reason …`);
};
