import { readFileSync } from 'node:fs';

/** Enough to see an error with its stack. */
const lines = 20;

export const endOfLog = (file: string): string => {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '(no log)';
  }
};
