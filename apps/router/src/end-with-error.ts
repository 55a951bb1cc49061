import { toAppError } from '@lapidary/kernel/app-error';

/** Says what is wrong in one line, and ends the process. */
export const endWithError = (thrown: unknown): never => {
  const error = toAppError(thrown);
  process.stderr.write(`${error.code}: ${error.message}${error.internal ? ` (${error.internal})` : ''}\n`);
  process.exit(error.entry.exit);
};
