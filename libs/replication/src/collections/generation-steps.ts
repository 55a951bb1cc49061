import { regionOfHlc } from '@lapidary/kernel/hybrid-logical-clock';
import type { CollectionPolicy } from '@lapidary/contracts/api/collections';
import { keyText, type ChangeNote, type CollectionTransaction, type DocumentKey, type Site } from './collection-store.js';
import { latestOfState, type NestedState } from './document-state.js';
import { isAlive } from '../merge/lww.js';
import { generationOf, isAnswered, latestName, mayPropose } from './generations.js';
import { contentsOf, fromBase64, toBase64 } from './merge-nested.js';
import { tellWhole } from './tell-change.js';
import { beginningOf, nestedWritten } from './write-nested.js';

type By = Pick<ChangeNote, 'actor' | 'requestId'>;
type ForSteps = Pick<Site, 'region' | 'nested' | 'tick'>;

/**
 * Proposes that a document's history begins anew with what it is now (generations.ts). It is told with all of the document, so that who
 * hears of it has what it covers. Null where there is nothing to propose, or it must not be (G3).
 */
export const proposeGeneration = async (
  tx: CollectionTransaction,
  site: ForSteps,
  key: DocumentKey,
  policy: CollectionPolicy,
  others: readonly string[],
  by: By,
): Promise<string | null> => {
  const stored = await tx.document(key);
  if (stored?.state.kind !== 'document' || stored.bytes === null) return null;
  const { state } = stored;
  // What is deleted is purged, which is a proposal of its own (graves.ts).
  if (!isAlive(state.alive) || !mayPropose(state.next, site.region, others)) return null;
  const begun = await site.nested.beginAnew(keyText(key), stored.bytes, beginningOf(policy).text);
  if (begun === null) return null;
  const latest = latestOfState(state);
  const name = latestName(state);
  const id = site.tick(name > latest ? name : latest);
  const { seen } = state.alive;
  const next = { id, covers: seen, lone: seen, heads: begun.heads, doc: toBase64(begun.bytes) };
  const written = nestedWritten(stored, policy, { ...state, next }, stored.bytes, whole);
  return await tellWhole(tx, key, policy, written, { ...by, origin: site.region, at: id });
};

/** Everything is told. */
const whole = { parts: [], nextParts: [], whole: true } as const;

/** The proposal of this region that may be committed once every region is known to know of it (G4); null where there is none. */
export const ownProposal = (state: NestedState, region: string): string | null =>
  state.next && regionOfHlc(state.next.id) === region && isAnswered(state.next) ? state.next.id : null;

/** Ends the old history of a document: `id` is the proposal that the caller has seen to be stable. Null where it is not there any more. */
export const commitGeneration = async (
  tx: CollectionTransaction,
  site: ForSteps,
  key: DocumentKey,
  policy: CollectionPolicy,
  id: string,
  by: By,
): Promise<string | null> => {
  const stored = await tx.document(key);
  if (stored?.state.kind !== 'document' || ownProposal(stored.state, site.region) !== id) return null;
  const { alive, next } = stored.state;
  if (!next || next.doc === null) return null;
  const begun = await site.nested.take(keyText(key), null, [fromBase64(next.doc)]);
  const generation = { number: generationOf(stored.state).number + 1, id, covers: next.covers! };
  const written = nestedWritten(stored, policy, { alive, ...contentsOf(begun), generation }, begun.bytes, whole);
  return await tellWhole(tx, key, policy, written, { ...by, origin: site.region, at: id });
};
