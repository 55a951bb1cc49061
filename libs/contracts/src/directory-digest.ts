import { createHash } from 'node:crypto';

const mask = 0xffff_ffff_ffff_ffffn;

/** 64-bit hash of one entry's identity and age. The sum over all entries is independent of their order. */
export const entryHash = (key: string, cursor: number): bigint =>
  createHash('sha256').update(`${key}\n${cursor}`).digest().readBigUInt64BE(0);

export const addToRoot = (root: bigint, hash: bigint): bigint => (root + hash) & mask;
export const removeFromRoot = (root: bigint, hash: bigint): bigint => (root - hash) & mask;
export const formatRoot = (root: bigint): string => root.toString(16).padStart(16, '0');
