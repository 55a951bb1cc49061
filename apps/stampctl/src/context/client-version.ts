import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** Version of this stampctl, from the package.json beside src and dist. */
export const clientVersion = (): string => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
};
