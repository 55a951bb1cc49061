import { createInterface } from 'node:readline/promises';
import { AppError } from '@lapidary/kernel/app-error';
import type { Output } from './output.js';

/**
 * Asks for the thing's name before it is destroyed: a name can't be answered by habit as "y" can. Where nobody can be
 * asked, the act is refused rather than done or hung on.
 */
export const confirmByName = async (
  output: Output,
  act: string,
  consequence: string,
  name: string,
  yes: boolean,
  signal: AbortSignal,
): Promise<void> => {
  if (yes) return;
  const { stdin, stderr } = output.terminal;
  if (stdin.isTTY !== true || stderr.isTTY !== true) {
    throw new AppError('confirmation_needed', `${act} needs a confirmation, and there is no terminal to ask at`, {
      details: { check: 'Repeat it with --yes if you mean it.' },
    });
  }
  const prompt = createInterface({ input: stdin, output: stderr as unknown as NodeJS.WritableStream });
  try {
    const answer = await prompt.question(`${act} ${consequence}. This cannot be undone. Type ${output.colours.bold(name)} to go on: `, {
      signal,
    });
    if (answer.trim() !== name) throw new AppError('confirmation_needed', 'That was not the name; nothing was changed');
  } finally {
    prompt.close();
  }
};
