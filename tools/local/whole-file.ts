import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Written beside the target and renamed: whoever reads sees the old or the new content, never half of it. */
export const writeWholeFile = (file: string, content: string, mode = 0o644): void => {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.partial`, content, { mode });
  renameSync(`${file}.partial`, file);
};
