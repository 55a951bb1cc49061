import type { NameList } from './name-list.js';

/** Where what is in the shared memory, in words of 4 bytes. */

/** Index into the first words of the memory. */
export const header = {
  key0: 0,
  key1: 1,
  /** First word that was never handed out. */
  top: 2,
  /** Odd while version, cursor, root and count change together. */
  sequence: 3,
  versionLow: 4,
  versionHigh: 5,
  cursorLow: 6,
  cursorHigh: 7,
  rootLow: 8,
  rootHigh: 9,
  entries: 10,
  stampNames: 11,
  regionNames: 16,
  /** 1 while this is a copy from disk that nobody has compared yet: what it lacks may exist. */
  mayLack: 12,
  /** Grows with each change that may concern any tenant (see changesAt). */
  wideChanges: 17,
} as const;

/** A tenant's record has 16 bits for the number of its stamp's name and 8 for its region's. */
const stampNamesMax = 2 ** 16;
const regionNamesMax = 2 ** 8;
/** A directory of segments takes the upper half of a hash. */
export const directoryBits = 16;

const regionNamesAt = 32;
const stampNamesAt = regionNamesAt + regionNamesMax;
export const regionNames: NameList = { countAt: header.regionNames, textsAt: regionNamesAt, max: regionNamesMax };
export const stampNames: NameList = { countAt: header.stampNames, textsAt: stampNamesAt, max: stampNamesMax };
/** Each stamp's entry, by the number of its name, and its sequence: odd while it changes. */
export const stampsAt = stampNamesAt + stampNamesMax;
export const stampSequencesAt = stampsAt + stampNamesMax;
export const tenantDirectoryAt = stampSequencesAt + stampNamesMax;
export const hostDirectoryAt = tenantDirectoryAt + 2 ** directoryBits;
/**
 * Changes of single tenants, counted apart by the lowest bits of the hash of their ids: what was concluded about one stands while others change. 1024 of
 * them are 4 kB, and a change of one tenant in a million costs what is kept of a thousandth of the others.
 */
const changePlaceBits = 10;
export const changePlaces = 2 ** changePlaceBits;
export const changesAt = hostDirectoryAt + 2 ** directoryBits;
export const heapStart = changesAt + changePlaces;

/** Head of a segment, then its slots. `unsummed`: 1 where its rows came from a copy on disk and were not added up yet. */
export const segment = { sequence: 0, count: 1, depth: 2, rootLow: 3, rootHigh: 4, rows: 5, unsummed: 6, slots: 8 } as const;
export const slotBits = 10;
export const slotsPerSegment = 2 ** slotBits;
/** Linear probing looks at some 8 slots for a name that is not there at three quarters, and at 50 at nine tenths. */
export const segmentFullAt = slotsPerSegment * 0.75;
