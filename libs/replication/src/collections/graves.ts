import { joinSeen, type Seen } from '../merge/register.js';
import type { DocumentKey, Grave, StoredDocument } from './collection-store.js';
import type { DocumentState } from './document-state.js';
import { wholeEvery } from './written.js';

/**
 * Of these kinds a delete is purged. A counter's rows are what keeps its number exact, should it ever be operated again; Automerge
 * refuses to number a writer's changes anew; entries are never deleted.
 */
const purgedKinds: readonly DocumentKey['kind'][] = ['lww'];
export const isPurged = (kind: DocumentKey['kind']): boolean => purgedKinds.includes(kind);

/** Writes that a state knows of; of an entry, which has none that could be covered: null. */
export const seenOf = (state: DocumentState): Seen | null => (state.kind === 'append' ? null : state.alive.seen);

/** What the next write or change of a key stands on; null: nothing was ever there. */
export const standingOn = (row: StoredDocument | null, grave: Grave | null): StoredDocument | null => {
  if (row !== null || grave === null) return row;
  // T2: told whole, since regions that have forgotten begin with nothing.
  if (grave.contents !== null) return { ...grave.contents, toldInPart: wholeEvery };
  // T3: a new beginning that has seen everything that was purged, and is later than it.
  return grave.isForgotten
    ? { state: { kind: 'lww', fields: {}, alive: { siblings: [], seen: grave.seen } }, bytes: null, toldInPart: 0 }
    : null;
};

/** The grave as a change finds it: one from a region that has forgotten makes this one forget. */
export const graveFor = (grave: Grave | null, isFresh: boolean): Grave | null =>
  grave !== null && isFresh && !grave.isForgotten ? { ...grave, isForgotten: true, contents: null } : grave;

/** The grave after a purge of what `seen` covers. */
export const purgedGrave = (grave: Grave | null, seen: Seen): Grave => ({
  seen: joinSeen(grave?.seen ?? {}, seen),
  isForgotten: false,
  contents: grave?.contents ?? null,
});
