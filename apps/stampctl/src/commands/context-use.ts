import { AppError } from '@lapidary/kernel/app-error';
import { readContextFile, writeContextFile } from '../context/context-file.js';
import type { Command } from '../invocation.js';

export const contextUse: Command = async ({ args, output }) => {
  const { env } = output.terminal;
  const file = readContextFile(env);
  const name = args[0] ?? '';
  if (!Object.hasOwn(file.contexts, name)) {
    const known = Object.keys(file.contexts).join(', ') || 'none yet';
    throw new AppError('not_found', `There is no context "${name}"`, {
      details: { check: `Known: ${known}. Make one with "stampctl context set".` },
    });
  }
  writeContextFile(env, { ...file, current: name });
  await output.result({ data: { current: name }, name, table: () => `Now using context ${name}` });
};
