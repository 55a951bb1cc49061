import { hash } from 'node:crypto';
import { shortSha256 } from '@lapidary/kernel/short-sha-256';

const mask = 0xffff_ffff_ffff_ffffn;

/** The first 64 bits of sha256, 16 hex digits: the cheapest form that Node gives them in. */
const hashDigits = (text: string): string => hash('sha256', text, 'hex').slice(0, 16);

/** 64-bit hash of one entry's identity and age. The sum over all entries is independent of their order. */
export const entryHash = (key: string, cursor: number): bigint => BigInt(`0x${hashDigits(`${key}\n${cursor}`)}`);

/** The same as two unsigned words, for who hashes a million. */
export const entryHashWords = (key: string, cursor: number): { readonly high: number; readonly low: number } => {
  const text = `${key}\n${cursor}`;
  const words = shortSha256(text);
  if (words) return words;
  const digits = hashDigits(text);
  return { high: parseInt(digits.slice(0, 8), 16), low: parseInt(digits.slice(8), 16) };
};

export const addToRoot = (root: bigint, hash: bigint): bigint => (root + hash) & mask;
export const removeFromRoot = (root: bigint, hash: bigint): bigint => (root - hash) & mask;
export const formatRoot = (root: bigint): string => root.toString(16).padStart(16, '0');
