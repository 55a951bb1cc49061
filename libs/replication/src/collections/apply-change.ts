import type { DocumentChanged } from '@lapidary/contracts/events/collection-events';
import { AppError } from '@lapidary/kernel/app-error';
import { digestOf } from '@lapidary/kernel/canonical-json';
import { parseHlc } from '@lapidary/kernel/hybrid-logical-clock';
import type { Variant } from '../merge/append.js';
import { latestOf, type Register } from '../merge/register.js';
import {
  keyOfChange,
  keyText,
  type ChangeNote,
  type CollectionTransaction,
  type DocumentKey,
  type Grave,
  type NestedDocuments,
  type StoredDocument,
} from './collection-store.js';
import { policyFor } from './definitions.js';
import { emptyState, latestOfState, mergeStates, unknownOfNested, type DocumentState } from './document-state.js';
import { factsOf } from './facts.js';
import { graveFor, isCovered, isPurged, purgedGrave, seenOf, standingOn } from './graves.js';
import { ledgerEntries } from './ledger-entries.js';

/** Clocks of one fleet agree within some 100 ms; a change from further ahead would win against everything until then. */
export const aheadMaxMs = 60_000;

const partsOf = (change: DocumentChanged['change']): Uint8Array[] =>
  'parts' in change ? (change.parts as string[]).map((part) => new Uint8Array(Buffer.from(part, 'base64'))) : [];

/** A change as the partial state that it is. Throws `poison_event` where it is of another kind than it says. */
const stateOfChange = (event: DocumentChanged): DocumentState => {
  const { change, kind } = event;
  const fits =
    kind === 'lww'
      ? 'fields' in change
      : kind === 'counter'
        ? 'rows' in change
        : kind === 'append'
          ? 'variants' in change
          : 'parts' in change;
  if (!fits) throw new AppError('poison_event', `The change of a ${kind} document has another kind’s form`);
  if ('variants' in change && (change.variants as readonly Variant[]).some((v) => digestOf(v.body) !== v.digest))
    throw new AppError('poison_event', 'An entry’s body is not what its digest says');
  if (kind === 'document')
    return { ...emptyState(kind), ...unknownOfNested(change), alive: (change as unknown as { alive: Register }).alive } as DocumentState;
  return { kind, ...change } as unknown as DocumentState;
};

const dueMs = (latest: string, nowMs: number): number | null => {
  const ms = parseHlc(latest)?.ms ?? 0;
  return ms > nowMs + aheadMaxMs ? ms - aheadMaxMs : null;
};

/** When a change may be applied: at once (null), or when the clock here has come near enough to its time. */
export const heldUntilMs = (event: DocumentChanged, nowMs: number): number | null => dueMs(latestOfState(stateOfChange(event)), nowMs);

/** A definition likewise: whoever defines next would have to be later than it. */
export const definitionHeldUntilMs = (definition: Register, nowMs: number): number | null => dueMs(latestOf(definition), nowMs);

/** What merging a change needs of a transaction. */
export type ChangeTransaction = Pick<
  CollectionTransaction,
  'definition' | 'document' | 'saveDocument' | 'ledger' | 'grave' | 'saveGrave' | 'removeDocument'
>;

/**
 * Merges another region's change into the document here. In any order, any number of times: the same state (I6). The
 * ledger gets every value that is not shown now, and those that the writer's region saw lose before it replaced them.
 */
export const applyChange = async (
  tx: ChangeTransaction,
  nested: NestedDocuments,
  event: DocumentChanged,
  note: ChangeNote,
): Promise<number> => {
  const key = keyOfChange(event);
  const policy = await policyFor(tx, key.collection, key.kind);
  const row = await tx.document(key);
  const known = isPurged(key.kind) ? await tx.grave(key) : null;
  const grave = graveFor(known, event.fresh === true);
  const change = stateOfChange(event);
  const seen = seenOf(change);
  // T3: told before it was purged, and told again by who has not heard of it.
  if (grave?.isForgotten === true && seen !== null && isCovered(seen, grave.seen) && event.purged !== true) return 0;
  const before: StoredDocument = standingOn(row, grave) ?? { state: emptyState(key.kind), bytes: null, toldInPart: 0 };
  const merged = mergeStates(before.state, change);
  const parts = partsOf(event.change);
  const after = parts.length === 0 ? { ...before, state: merged } : await takeParts(nested, keyText(key), before, merged, parts);
  const { facts, losses } = factsOf(after, policy);
  const next = event.purged === true && isPurged(key.kind) && seen !== null ? purgedGrave(grave, seen) : grave;
  const purge = next === grave ? null : note;
  if (next !== null && isCovered(seenOf(merged) ?? {}, next.seen)) await bury(tx, key, next, after, purge);
  else {
    // What is kept here in part was told whole by who wrote it: a region counts its own parts anew.
    await tx.saveDocument(key, { ...after, toldInPart: row?.toldInPart ?? 0 }, facts, note);
    if (next !== null && (next !== known || next.contents !== null)) await tx.saveGrave(key, { ...next, contents: null }, purge);
  }
  return await tx.ledger(ledgerEntries(key, policy, [...event.settled, ...losses]));
};

/** T1: all of it is purged. */
const bury = async (
  tx: ChangeTransaction,
  key: DocumentKey,
  grave: Grave,
  contents: StoredDocument,
  purge: ChangeNote | null,
): Promise<void> => {
  await tx.removeDocument(key);
  await tx.saveGrave(key, { ...grave, contents: grave.isForgotten ? null : contents }, purge);
};

const takeParts = async (
  nested: NestedDocuments,
  key: string,
  before: StoredDocument,
  merged: DocumentState,
  parts: readonly Uint8Array[],
): Promise<StoredDocument> => {
  const { bytes, heads, value, conflicts, changes } = await nested.take(key, before.bytes, parts);
  return { ...before, bytes, state: { ...merged, heads, value, conflicts, changes } as DocumentState };
};
