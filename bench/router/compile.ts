import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '../../.lapidary/bench-router');

/** Compiles a source beside this file where it is newer; the path of what it gives. */
export const compile = (source: string, into: string, flags: readonly string[] = []): string => {
  const [from, to] = [join(import.meta.dirname, source), join(folder, into)];
  if (existsSync(to) && statSync(to).mtimeMs > statSync(from).mtimeMs) return to;
  mkdirSync(folder, { recursive: true });
  execFileSync('gcc', ['-O2', ...flags, '-o', to, from], { stdio: ['ignore', 'inherit', 'inherit'] });
  return to;
};
