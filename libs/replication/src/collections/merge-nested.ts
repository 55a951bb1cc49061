import { joinUnknown } from '../merge/unknown-fields.js';
import { mergeRegisters, type Register, type Seen } from '../merge/register.js';
import type { Json } from '../merge/json.js';
import type { Swallowed } from '../automerge/swallowed.js';
import type { NestedDocuments, StoredDocument } from './collection-store.js';
import { knownOfNested, type NestedState } from './document-state.js';
import { compareGenerations, generationOf, isBroken, joinNext, lateWrites, type Generation, type NextGeneration } from './generations.js';

/**
 * Of nested documents whose changes come before their beginning, as they may: each region's log is read by itself.
 *
 *   what is here               | shown          | a write
 *   ---------------------------|----------------|------------------------------------------------------------------------------
 *   its beginning              | what it holds  | stands on that
 *   only changes that hang on  | `not_yet_here` | of the first history: on what the policy has it begin with, as that of two regions
 *   what has not come          |                | that create it while apart does; of a later one, which only its proposer can begin: refused
 *                              |                | with `not_yet_here`
 *
 *   N1  nothing is shown that no region wrote: a document without its beginning shows nothing
 *   N2  no write makes a list, a text or an object a second time that the beginning has: of two Automerge shows one
 *   N3  what is written before the beginning has come is told whole, so that it hangs on nothing that others may lack
 *   N4  no write takes away what its writer could not see, since it waits for the beginning
 */
export type NestedDocument = StoredDocument & { readonly state: { readonly kind: 'document' } & NestedState };

export const isNested = (stored: StoredDocument): stored is NestedDocument => stored.state.kind === 'document';

/** A change of a nested document as it goes over the wire: its parts in base64. */
export interface ToldNested {
  readonly alive: Register;
  readonly generation?: Generation;
  readonly parts: readonly string[];
  /** `covers` goes with all of a document only: who knows it answers the proposal, and must have what it covers (G3). */
  readonly next?: Pick<NextGeneration, 'id' | 'lone'> & {
    readonly covers?: NonNullable<NextGeneration['covers']>;
    readonly parts: readonly string[];
  };
}

/** The same with its parts as bytes. */
export interface NestedChange {
  readonly alive: Register;
  readonly generation?: Generation | undefined;
  /** Automerge's changes or whole documents, of that generation. */
  readonly parts: readonly Uint8Array[];
  readonly next?: (Pick<NextGeneration, 'id' | 'covers' | 'lone'> & { readonly parts: readonly Uint8Array[] }) | undefined;
}

export interface MergedNested {
  readonly after: NestedDocument;
  /** Region → latest write that an ended history had and the one that holds has not (G4). */
  readonly late: Seen;
  /** What the document was in the history that this change ended, where it did. */
  readonly ended: NestedState | null;
  /** There is something here that a proposal says to cover, and has not got: it must not be committed (G3). */
  readonly isMissed: boolean;
  /** Writes that were made in something which somebody else had taken away. */
  readonly swallowed: readonly Swallowed[];
}

export const nextKey = (key: string): string => `${key} next`;
export const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
export const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

/** What is stored of a document besides its bytes. */
export const contentsOf = ({
  heads,
  value,
  conflicts,
  changes,
  isWaiting,
}: Omit<NestedState, 'alive' | 'isWaiting'> & { readonly isWaiting?: boolean | undefined }): Omit<NestedState, 'alive'> => ({
  heads,
  value,
  conflicts,
  changes,
  isWaiting: isWaiting === true ? true : undefined,
});

const nothing: Omit<NestedState, 'alive'> = { heads: [], value: {} as Json, conflicts: [], changes: 0 };

/** Merges a change into a nested document: in any order, any number of times, the same state (I6, G5). Throws `poison_event`. */
export const mergeNested = async (
  nested: NestedDocuments,
  key: string,
  before: NestedDocument,
  change: NestedChange,
): Promise<MergedNested> => {
  const { state } = before;
  const [here, there] = [generationOf(state), generationOf(change)];
  const order = compareGenerations(here, there);
  const holds = order < 0 ? there : here;
  const alive = mergeRegisters(state.alive, change.alive);
  const told = order <= 0 ? change.parts : change.next?.id === holds.id ? change.next.parts : [];
  const begunHere = order < 0 && state.next?.id === holds.id ? state.next.doc : null;
  const parts = begunHere === null ? told : [...told, fromBase64(begunHere)];
  const bytes = order < 0 ? null : before.bytes;
  const main = parts.length === 0 ? null : await nested.take(key, bytes, parts);
  const next = joinNext(holds, state, change);
  const isNew = next !== null && next.covers !== null && !(state.next?.id === next.id && state.next.covers !== null);
  return {
    after: {
      ...before,
      bytes: main?.bytes ?? bytes,
      state: {
        kind: 'document',
        ...joinUnknown(state, change, knownOfNested),
        alive,
        ...contentsOf(main ?? (order < 0 ? nothing : state)),
        ...(holds.number > 0 ? { generation: holds } : {}),
        ...(next
          ? { next: { ...next, ...(await joinDocs(nested, key, next.id === state.next?.id ? state.next : null, change, next.id)) } }
          : {}),
      },
    },
    late: order === 0 ? {} : lateWrites(order < 0 ? state : change, holds),
    ended: order < 0 ? state : null,
    swallowed: main?.swallowed ?? [],
    isMissed: isNew && !isBroken(next) && main !== null && (await holdsMore(nested, key, main.heads, change.parts)),
  };
};

/** Whether a document has more than what was told: then its heads are others. */
const holdsMore = async (nested: NestedDocuments, key: string, heads: readonly string[], parts: readonly Uint8Array[]): Promise<boolean> =>
  (await nested.take(`${key} told`, null, parts)).heads.join() !== heads.join();

const joinDocs = async (
  nested: NestedDocuments,
  key: string,
  mine: NextGeneration | null,
  change: NestedChange,
  id: string,
): Promise<Pick<NextGeneration, 'doc' | 'heads'>> => {
  const incoming = change.next?.id === id ? change.next.parts : [];
  if (incoming.length === 0) return { doc: mine?.doc ?? null, heads: mine?.heads ?? [] };
  const { bytes, heads } = await nested.take(nextKey(key), mine?.doc ? fromBase64(mine.doc) : null, incoming);
  return { doc: toBase64(bytes), heads };
};
