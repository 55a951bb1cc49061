import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/** The program's full path, or null; what a shell's `command -v` would say. */
export const findOnPath = (program: string, searchPath: string = process.env['PATH'] ?? ''): string | null => {
  for (const dir of searchPath.split(path.delimiter)) {
    if (dir === '') continue;
    const candidate = path.join(dir, program);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not here; the next folder may have it.
    }
  }
  return null;
};
