import { AppError, toAppError } from '@lapidary/kernel/app-error';

/** Of sysexits.h: supervisors back off on it, since a restart doesn't help. */
const exitConfigInvalid = 78;

/** What a system call says of a port that can't be had, in words of who has to change something. */
const portProblems: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there; end it, or choose another port',
  EACCES: 'this user may not listen there',
  EADDRNOTAVAIL: 'this machine has no such address',
};

const known = (thrown: unknown): AppError => {
  const { code, address, port } = thrown as NodeJS.ErrnoException & { address?: string; port?: number };
  const problem = code === undefined ? undefined : portProblems[code];
  if (problem === undefined || port === undefined) return toAppError(thrown);
  return new AppError('config_invalid', `Cannot listen at ${address ?? '*'}:${port}: ${problem}`, { internal: code, cause: thrown });
};

/** What is wrong, and what to look at: for who starts a process by hand, and for the last lines of a supervisor's log. */
export const explainEnd = (thrown: unknown): string => {
  const error = known(thrown);
  return `${error.code}: ${error.message}${error.internal ? ` (${error.internal})` : ''}\ncheck: ${error.entry.check}\n`;
};

/** Says it on stderr; a person has to change something before a restart helps where the code is that of EX_CONFIG. */
export const endWithError = (thrown: unknown): never => {
  process.stderr.write(explainEnd(thrown));
  // Of what nobody foresaw a programmer wants to know where.
  if (known(thrown).code === 'internal' && thrown instanceof Error) process.stderr.write(`${thrown.stack ?? ''}\n`);
  process.exit(known(thrown).code === 'config_invalid' ? exitConfigInvalid : 1);
};
