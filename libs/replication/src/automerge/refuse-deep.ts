import { AppError } from '@lapidary/kernel/app-error';
import { decodeChange } from './document-history.js';
import { isHolder } from './document-edits.js';
import { chunk, chunksOf } from './inflated-size.js';
import type { Doc } from './live-documents.js';

/**
 * The API lets a request name a place of 32 levels and put 33 more there (`isStorable` of contracts/api/collections), and an object never moves: no document of ours has
 * more than 65. Automerge takes the square of them to take a change in, 6 s for 1,000, and traps at 20,000, which are 43 kB (measured).
 */
export const levelsMax = 96;

/** Throws `poison_event` for a part that nests deeper than any of ours, before it meets a document. `alone`: the part opened by itself, which is linear. */
export const refuseDeepPart = (part: Uint8Array, alone: Doc): void => {
  refuseDeep(alone);
  // What hangs on changes that are not here shows nothing yet.
  for (const { type, whole } of chunksOf(part)) if (type === chunk.change || type === chunk.deflatedChange) refuse(levelsMade(whole));
};

/** Throws `poison_event` for a document that has come to be deeper than any of ours, change by change. */
export const refuseDeep = (doc: Doc): void => refuse(levelsOf(doc));

const refuse = (levels: number): void => {
  if (levels > levelsMax) throw new AppError('poison_event', `A part of a nested document nests more than ${levelsMax} levels deep`);
};

/** Of objects that one change makes in each other. An object is made before what is in it. */
const levelsMade = (bytes: Uint8Array): number => {
  const levels = new Map<string, number>();
  let most = 0;
  for (const { id, action, obj } of decodeChange(bytes).operations) {
    if (!action.startsWith('make')) continue;
    const level = (levels.get(obj) ?? 0) + 1;
    levels.set(id, level);
    if (level > most) most = level;
  }
  return most;
};

/** Without recursion, and no further than is needed to know that it is too deep. */
const levelsOf = (doc: Doc): number => {
  let holders: Record<string, unknown>[] = [doc];
  for (let levels = 0; ; levels += 1) {
    if (holders.length === 0 || levels > levelsMax) return levels;
    holders = holders.flatMap((holder) => Object.values(holder).filter(isHolder));
  }
};
