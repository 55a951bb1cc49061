import { hash } from 'node:crypto';
import { configure } from 'safe-stable-stringify';

const stringify = configure({ deterministic: true, bigint: false, strict: true });

/** JSON with sorted keys: equal values give equal text. Refuses what JSON can't hold (cycles, functions, NaN). */
export const canonicalJson = (value: unknown): string => {
  const text = stringify(value);
  if (text === undefined) throw new TypeError('only JSON values have a canonical form');
  return text;
};

export const sha256Hex = (text: string): string => hash('sha256', text, 'hex');

/** sha256 of the canonical JSON, in hex. */
export const digestOf = (value: unknown): string => sha256Hex(canonicalJson(value));
