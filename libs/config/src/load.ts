import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { z } from 'zod';
import { AppError } from '@lapidary/kernel/app-error';

/**
 * Parses the environment once, at start. Reports every problem at once, with the variable's name; never a value, since
 * some are secrets. The only place that reads process.env.
 */
export const loadConfig = <T extends z.ZodType>(schema: T, env: NodeJS.ProcessEnv = process.env): z.infer<T> => {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const result = schema.safeParse(present, {
    error: ({ code, input }) => (code === 'invalid_type' && Number.isNaN(input) ? 'is no number' : undefined),
  });
  if (result.success) return result.data;
  const fields = result.error.issues.map(({ path, message }) => {
    const name = path.map(String).join('.');
    // An empty variable counts as none, and "received undefined" says that to programmers only.
    return { path: name, message: path.length === 1 && !(name in present) ? 'is not set, and has no default' : message };
  });
  throw new AppError('config_invalid', `Not a valid configuration: ${fields.map((f) => `${f.path}: ${f.message}`).join('; ')}`, { fields });
};

/** Our own variables; some hold secrets. */
const ownPrefix = 'LAPIDARY_';

/** The environment for a child process that is told over IPC what it needs: everything but our own variables. */
export const childEnvironment = (env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith(ownPrefix)));

/**
 * The environment with what LAPIDARY_CONFIG_FILE adds (NAME=value by line); a process's environment doesn't change while it runs, the
 * file may. Throws `config_invalid` where it can't be read.
 */
export const environmentWithFile = (env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv => {
  const file = env.LAPIDARY_CONFIG_FILE;
  if (file === undefined || file === '') return env;
  try {
    return { ...parseEnv(readFileSync(file, 'utf8')), ...env };
  } catch (error) {
    throw new AppError('config_invalid', `LAPIDARY_CONFIG_FILE can't be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`);
  }
};
