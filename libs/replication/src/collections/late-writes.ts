import type { CollectionPolicy } from '@lapidary/contracts/api/collections';
import type { DocumentChanged, Loss } from '@lapidary/contracts/events/collection-events';
import { regionOfHlc } from '@lapidary/kernel/hybrid-logical-clock';
import type { Json } from '../merge/json.js';
import { documentItself, isAlive } from '../merge/lww.js';
import { writeRegister } from '../merge/register.js';
import { keyText, type CollectionTransaction, type DocumentKey, type Site, type StoredDocument } from './collection-store.js';
import { latestOfState, type NestedState } from './document-state.js';
import { policyFor } from './definitions.js';
import { generationOf, isAnswered } from './generations.js';
import { contentsOf, isNested, type MergedNested } from './merge-nested.js';
import { tellWhole } from './tell-change.js';
import { beginningOf, nestedWritten } from './write-nested.js';
import { settledBy } from './written.js';

type Late = Pick<MergedNested, 'late' | 'ended'> & { readonly after: StoredDocument };

/**
 * Writes that a history which ended had and the one that holds has not, as losses: with what the document was in the old one, or with
 * the parts that came too late, so that nothing goes without a word (G4).
 */
export const lateLosses = ({ late, ended, after }: Late, event: DocumentChanged): Loss[] => {
  if (!isNested(after)) return [];
  const { id } = generationOf(after.state);
  const value: Json = ended ? ended.value : { parts: (event.change as unknown as { readonly parts: readonly string[] }).parts };
  return Object.values(late).map((at) => ({
    field: documentItself,
    winner: { at: id, region: regionOfHlc(id) },
    loser: { at, region: regionOfHlc(at), value } as Loss['loser'],
  }));
};

/**
 * A region that was restored from a backup wrote in a history that had ended: it writes the same in the one that holds, as if it had been
 * written right after its beginning. Only where the beginning was heard of while the old history held: else what it covers is not known
 * here, and could be taken back by that; the ledger has it then. What of it had lost in the old history is told with it: nobody else may have
 * seen that, and what is shown has nothing of it.
 */
export const tellAnew = async (
  tx: TellingTransaction,
  site: WritingSite,
  key: DocumentKey,
  policy: CollectionPolicy,
  { after, ended }: Late,
): Promise<void> => {
  if (ended === null || !isNested(after) || after.bytes === null || !isAlive(ended.alive)) return;
  if (ended.next?.id !== generationOf(after.state).id || ended.next.covers === null) return;
  const edits = [{ op: 'replace' as const, value: ended.value as { readonly [key: string]: Json } }];
  const edited = await site.nested.editBeginning(keyText(key), after.bytes, edits, beginningOf(policy).text);
  const settled = settledBy({ kind: 'document', ...ended }, after.state, policy);
  if (edited.change === null && settled.length === 0) return;
  await tellAll(tx, site, key, policy, after, { ...after.state, ...contentsOf(edited) }, edited.bytes, { exists: true, settled });
};

/**
 * What a proposal says to cover and has not got, is here: a write that was known of before it came, or that only a database had which was
 * lost. A write that does not answer it breaks it (G2), before this region says that it knows it; and brings what was missed.
 */
export const objectTo = async (
  tx: TellingTransaction,
  site: Pick<Site, 'region' | 'tick'>,
  key: DocumentKey,
  policy: CollectionPolicy,
  after: StoredDocument,
): Promise<void> => {
  if (isNested(after)) await tellAll(tx, site, key, policy, after, after.state, after.bytes);
};

/**
 * What a fenced region owes (`oweObjection`), told as it begins to write again: before it says anything of what it knows, so that the proposal is not
 * committed (G4). False where the proposal is broken or gone meanwhile.
 */
export const objectAtLast = async (
  tx: TellingTransaction & Pick<CollectionTransaction, 'definition' | 'document' | 'grave' | 'saveGrave'>,
  site: Pick<Site, 'region' | 'tick'>,
  key: DocumentKey,
): Promise<boolean> => {
  const row = await tx.document(key);
  const grave = row === null ? await tx.grave(key) : null;
  const stored = row ?? grave?.contents ?? null;
  if (stored === null || !isNested(stored) || !isAnswered(stored.state.next)) return false;
  await objectTo(tx, site, key, await policyFor(tx, key.collection, key.kind), stored);
  if (grave !== null) await tx.saveGrave(key, { ...grave, contents: null }, null);
  return true;
};

type TellingTransaction = Pick<CollectionTransaction, 'tell' | 'saveDocument' | 'ledger'>;
type WritingSite = Pick<Site, 'region' | 'nested' | 'tick'>;

/** Tells all of a document as a write of this region that answers no proposal. */
const tellAll = async (
  tx: TellingTransaction,
  site: Pick<Site, 'region' | 'tick'>,
  key: DocumentKey,
  policy: CollectionPolicy,
  before: StoredDocument,
  state: NestedState,
  bytes: Uint8Array | null,
  { exists = isAlive(state.alive), settled = [] }: { readonly exists?: boolean; readonly settled?: readonly Loss[] } = {},
): Promise<void> => {
  const at = site.tick(latestOfState(before.state));
  const next = state.next ? { next: { ...state.next, lone: { ...state.next.lone, [site.region]: at } } } : {};
  const written = nestedWritten(before, policy, { ...state, alive: writeRegister(state.alive, at, exists), ...next }, bytes, {
    parts: [],
    nextParts: [],
    whole: true,
  });
  await tellWhole(
    tx,
    key,
    policy,
    { ...written, settled: [...written.settled, ...settled] },
    { actor: 'system:histories', origin: site.region, at },
  );
};
