import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { routeTokenCharsMax } from '@lapidary/contracts/api/routing';
import { AppError } from '@lapidary/kernel/app-error';
import type { Terminal } from '../output/terminal.js';

/** What a header can carry; a token has no blanks, and one that holds a line break would be two fields. */
const isToken = (value: string): boolean => value.length <= routeTokenCharsMax && /^[\x21-\x7e]+$/.test(value);

/**
 * A token of somebody's request, from a file, from standard input ("-") or the environment; never from an argument, which every user of the machine can
 * read. No error repeats what was read.
 */
export const bearerFrom = async (file: string | undefined, { env, cwd, stdin }: Terminal): Promise<string | undefined> => {
  const given = file === undefined ? env.STAMPCTL_ROUTE_BEARER || undefined : await contentOf(file, cwd, stdin);
  if (given === undefined) return undefined;
  const token = given.trim().replace(/^bearer +/i, '');
  if (!isToken(token))
    throw new AppError(
      'usage',
      `The token in ${file ?? 'STAMPCTL_ROUTE_BEARER'} is none: visible ASCII, ${routeTokenCharsMax} characters at most`,
    );
  return token;
};

const contentOf = async (file: string, cwd: string, stdin: Terminal['stdin']): Promise<string> => {
  if (file === '-') return text(stdin);
  try {
    return await readFile(resolve(cwd, file), 'utf8');
  } catch (error) {
    throw new AppError('usage', `${file} can't be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`, { cause: error });
  }
};
