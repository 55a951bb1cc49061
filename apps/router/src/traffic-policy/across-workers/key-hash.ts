import { KeyWords } from '../../directory/packed/key-words.js';
import type { PolicyMemory } from './policy-memory.js';

export interface KeyHash {
  readonly low: number;
  readonly high: number;
}

const words = new KeyWords();

/** 64 bits of a key, which stand for it; null where it is too long. Neither half is 0, which means an empty slot. */
export const hashOf = ({ seed }: Pick<PolicyMemory, 'seed'>, kind: number, key: string): KeyHash | null => {
  if (!words.setText(key)) return null;
  const [a, b, c, d] = seed;
  return { low: words.hash(a ^ kind, b) || 1, high: words.hash(c, d ^ kind) || 1 };
};
