import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { AppError } from '@lapidary/kernel/app-error';
import { z } from 'zod';

/** A named control plane. The token stands here, or in a file of its own. */
const ContextSchema = z.strictObject({
  server: z.url({ protocol: /^https?$/ }),
  token: z.string().min(1).optional(),
  tokenFile: z.string().min(1).optional(),
  region: z.string().min(1).max(20).optional(),
});
export type Context = z.infer<typeof ContextSchema>;

const ContextFileSchema = z.strictObject({ current: z.string().nullable(), contexts: z.record(z.string().min(1).max(63), ContextSchema) });
export type ContextFile = z.infer<typeof ContextFileSchema>;

type Env = Readonly<Record<string, string | undefined>>;

/** XDG base directory specification: $XDG_CONFIG_HOME, else ~/.config. */
export const contextFilePath = (env: Env): string => {
  const base = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config');
  return join(base, 'stampctl', 'contexts.json');
};

export const readContextFile = (env: Env): ContextFile => {
  const path = contextFilePath(env);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { current: null, contexts: {} };
    throw unreadable(path, error);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw unreadable(path, error);
  }
  const result = ContextFileSchema.safeParse(json);
  if (result.success) return result.data;
  const fields = result.error.issues.map((issue) => ({ path: issue.path.map(String).join('.'), message: issue.message }));
  throw new AppError('config_invalid', `${path} is not a valid context file`, { fields, details: { check: check(path) } });
};

/** Written beside and renamed, so that a crash leaves the old file; readable by its owner only, since it holds tokens. */
export const writeContextFile = (env: Env, file: ContextFile): string => {
  const path = contextFilePath(env);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
  chmodSync(temporary, 0o600);
  renameSync(temporary, path);
  return path;
};

/** Whether others on this machine may read the tokens. */
export const isExposed = (path: string): boolean => {
  try {
    return (statSync(path).mode & 0o077) !== 0;
  } catch {
    return false;
  }
};

export const parseContext = (value: unknown): Context => {
  const result = ContextSchema.safeParse(value);
  if (result.success) return result.data;
  const fields = result.error.issues.map((issue) => ({ path: issue.path.map(String).join('.'), message: issue.message }));
  throw new AppError('usage', 'Not a valid context', { fields, details: { check: 'A context needs --server http(s)://host:port.' } });
};

const unreadable = (path: string, cause: unknown): AppError =>
  new AppError('config_invalid', `${path} cannot be read`, { cause, details: { check: check(path) } });

const check = (path: string): string => `Correct or remove ${path}; "stampctl context set" writes it anew.`;
