import { beginLife, forgetLives } from '../merge/counter.js';
import { emptyRegister, isCovered, joinSeen, latestOf, type Seen } from '../merge/register.js';
import type { DocumentKey, Grave, StoredDocument } from './collection-store.js';
import { emptyState, existsState, type DocumentState } from './document-state.js';
import { generationOf, latestName, mayPropose } from './generations.js';
import { wholeEvery } from './written.js';

/** Of these kinds a delete is purged; entries are never deleted. */
export const purgedKinds: readonly DocumentKey['kind'][] = ['lww', 'counter', 'document'];
export const isPurged = (kind: DocumentKey['kind']): boolean => purgedKinds.includes(kind);

/** Writes that a state knows of; of an entry, which has none that could be covered: null. */
export const seenOf = (state: DocumentState): Seen | null => (state.kind === 'append' ? null : state.alive.seen);

/**
 * A tombstone as it is purged (T4); null where there is none, or another history of the document is proposed and may still be committed.
 * The next history is named by the latest write, which is the delete: a region that was restored and purges again names the same one.
 */
export const purgedState = (
  state: DocumentState,
  region: string,
  others: readonly string[],
  tick: (after: string) => string,
): DocumentState | null => {
  if (state.kind === 'append' || existsState(state)) return null;
  if (state.kind === 'lww') return state;
  if (state.kind === 'counter') return { kind: 'counter', ...beginLife(state) };
  if (!mayPropose(state.next, region, others)) return null;
  const { seen } = state.alive;
  const latest = latestOf(state.alive);
  const name = latestName(state);
  const id = name >= latest ? tick(name) : latest;
  return { ...state, next: { id, covers: seen, lone: seen, heads: [], doc: null } };
};

/** What is left of a purged state to begin anew with (T4). */
const beginningOf = (state: DocumentState): DocumentState | null => {
  if (state.kind === 'counter' && state.begun) return { kind: 'counter', ...forgetLives(state), alive: emptyRegister };
  if (state.kind !== 'document') return null;
  const { generation, next } = state;
  const kept = { ...(generation ? { generation } : {}), ...(next ? { next: { ...next, heads: [], doc: null } } : {}) };
  return { kind: 'document', alive: emptyRegister, heads: [], value: {}, conflicts: [], changes: 0, ...kept };
};

/** What a change of a key is merged into; null: nothing was ever there. */
export const mergedInto = (kind: DocumentKey['kind'], row: StoredDocument | null, grave: Grave | null): StoredDocument | null => {
  if (row !== null || grave === null) return row;
  // T2: told whole, since regions that have forgotten begin with nothing.
  if (grave.contents !== null) return { ...grave.contents, toldInPart: wholeEvery };
  // T3: a new beginning that has seen everything that was purged, and is later than it.
  if (!grave.isForgotten) return null;
  return {
    state: { ...(grave.beginning ?? emptyState(kind)), alive: { siblings: [], seen: grave.seen } } as DocumentState,
    bytes: null,
    toldInPart: 0,
  };
};

/** What the next write of a key stands on; null: nothing was ever there. */
export const standingOn = (kind: DocumentKey['kind'], row: StoredDocument | null, grave: Grave | null): StoredDocument | null => {
  const stored = mergedInto(kind, row, grave);
  if (stored === null || row !== null || grave?.isForgotten !== true || stored.state.kind !== 'document' || !stored.state.next)
    return stored;
  // The history before it is forgotten everywhere: what is written tells that the next one holds.
  const { next, ...state } = stored.state;
  const generation = { number: generationOf(state).number + 1, id: next.id, covers: next.covers ?? grave.seen };
  return { ...stored, state: { ...state, generation } };
};

/**
 * The grave as a change finds it: one from a region that has forgotten makes this one forget. What the grave covers was written anew after an older
 * purge, and is heard after this one by a region that was restored.
 */
export const graveFor = (grave: Grave | null, isFresh: boolean, seen: Seen): Grave | null =>
  grave !== null && isFresh && !grave.isForgotten && !isCovered(seen, grave.seen) ? { ...grave, isForgotten: true, contents: null } : grave;

/** The grave after a purge of what `seen` covers; one that says nothing new, for it is told again or comes late, changes nothing. */
export const purgedGrave = (grave: Grave | null, seen: Seen): Grave =>
  grave !== null && isCovered(seen, grave.seen)
    ? grave
    : {
        seen: joinSeen(grave?.seen ?? {}, seen),
        isForgotten: false,
        contents: grave?.contents ?? null,
        beginning: grave?.beginning ?? null,
      };

/** Whether a purge that is told tells where the one of this grave is to be found: it covers all of it, and no less (T5). */
export const isToldAnew = (grave: Grave | null, seen: Seen): boolean =>
  grave !== null && !grave.isForgotten && isCovered(grave.seen, seen) && isCovered(seen, grave.seen);

/** The grave with what is buried in it: the merge of all that is known of a document, until it is forgotten. */
export const buriedIn = (grave: Grave, contents: StoredDocument): Grave =>
  grave.isForgotten ? { ...grave, contents: null } : { ...grave, contents, beginning: beginningOf(contents.state) };
