import { ulid } from 'ulid';
import type { DriftId, JobId, RegionName } from './names.js';

/** Characters of a ULID behind its time. */
const tailLength = 16;
/** Of these, the last 7 count within this process: 35 bits, which no process uses up. */
const countLength = 7;
const alphabetSize = 32;
/** 45 bits that are this process's own: two processes that share them and count alike in one millisecond are not to be expected. */
const own = Array.from(crypto.getRandomValues(new Uint8Array(tailLength - countLength)), (byte) => byte % alphabetSize);
let count = 0;
let lastMs = 0;

/** Gives `ulid` its characters, of which it asks for the last one first, as fractions. */
const tailOf = (n: number): (() => number) => {
  let rest = n;
  let position = 0;
  return () => {
    const digit = position < countLength ? rest % alphabetSize : own[position - countLength]!;
    rest = Math.floor(rest / alphabetSize);
    position += 1;
    return (digit + 0.5) / alphabetSize;
  };
};

/**
 * A ULID: 26 characters, sortable by creation time, ascending within this process. It counts where others are random: ids that lie
 * beside each other in events and indexes share nearly all of their characters. It is no secret: anybody who has seen one can guess another.
 */
export const newId = (): string => {
  lastMs = Math.max(lastMs, Date.now());
  return ulid(lastMs, tailOf(count++));
};

export const newJobId = (region: RegionName | string): JobId => `${region}.${newId()}` as JobId;

/** For drift findings, runs and suppressions: kept by one region, asked for anywhere. */
export const newDriftId = (region: RegionName | string): DriftId => `${region}.${newId()}` as DriftId;
