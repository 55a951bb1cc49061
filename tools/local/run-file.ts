import { readFileSync, rmSync } from 'node:fs';
import { RunFileSchema, type RunFile } from '@lapidary/contracts/run-file';
import { writeWholeFile } from './whole-file.js';

export const writeRunFile = (file: string, content: RunFile): void => writeWholeFile(file, `${JSON.stringify(content, null, 2)}\n`, 0o600);

/** null where there is none, or one that can't be read. */
export const readRunFile = (file: string): RunFile | null => {
  try {
    return RunFileSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
};

export const removeRunFile = (file: string): void => rmSync(file, { force: true });
