import type { z } from 'zod';
import { AppError } from '@lapidary/kernel/app-error';

/**
 * Parses the environment once, at start. Reports every problem at once, with the variable's name; never a value, since
 * some are secrets. The only place that reads process.env.
 */
export const loadConfig = <T extends z.ZodType>(schema: T, env: NodeJS.ProcessEnv = process.env): z.infer<T> => {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const result = schema.safeParse(present);
  if (result.success) return result.data;
  const fields = result.error.issues.map((issue) => ({ path: issue.path.map(String).join('.'), message: issue.message }));
  throw new AppError('config_invalid', `Not a valid configuration: ${fields.map((f) => `${f.path}: ${f.message}`).join('; ')}`, { fields });
};

/** Our own variables; some hold secrets. */
const ownPrefix = 'LAPIDARY_';

/** The environment for a child process that is told over IPC what it needs: everything but our own variables. */
export const childEnvironment = (env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith(ownPrefix)));
