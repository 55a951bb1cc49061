import type { DocumentChanged } from '@lapidary/contracts/events/collection-events';
import { AppError } from '@lapidary/kernel/app-error';
import { digestOf } from '@lapidary/kernel/canonical-json';
import { parseHlc } from '@lapidary/kernel/hybrid-logical-clock';
import type { Variant } from '../merge/append.js';
import { mergeLww } from '../merge/lww.js';
import { isCovered, latestOf, type Register } from '../merge/register.js';
import {
  keyOfChange,
  keyText,
  type ChangeNote,
  type CollectionTransaction,
  type DocumentKey,
  type Grave,
  type Site,
  type StoredDocument,
} from './collection-store.js';
import { policyFor } from './definitions.js';
import {
  emptyState,
  isWaiting,
  latestOfState,
  mergeStates,
  swallowedLosses,
  unknownOfNested,
  type DocumentState,
} from './document-state.js';
import { factsOf } from './facts.js';
import { lateLosses, objectTo, tellAnew } from './late-writes.js';
import { fromBase64, isNested, mergeNested, type MergedNested, type NestedChange, type ToldNested } from './merge-nested.js';
import { wholeEvery } from './written.js';
import { buriedIn, graveFor, isPurged, isToldAnew, mergedInto, purgedGrave, seenOf } from './graves.js';
import { ledgerEntries, lossesSince } from './ledger-entries.js';

/** Clocks of one fleet agree within some 100 ms; a change from further ahead would win against everything until then. */
export const aheadMaxMs = 60_000;

/** What a change of a nested document tells, with its parts as bytes. */
const nestedChangeOf = ({ change }: DocumentChanged): NestedChange => {
  const { parts, next, ...rest } = change as unknown as ToldNested;
  return {
    ...rest,
    parts: parts.map(fromBase64),
    ...(next ? { next: { ...next, covers: next.covers ?? null, parts: next.parts.map(fromBase64) } } : {}),
  };
};

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
  const state = { kind, ...change } as unknown as DocumentState;
  if (state.kind !== 'lww' || !state.dropped) return state;
  if (!event.whole) throw new AppError('poison_event', 'A change in part says how far removed fields were dropped');
  // F3: from who does not know of drops it comes with what they had left out.
  return { kind: 'lww', ...mergeLww(state, state) };
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
  'definition' | 'document' | 'saveDocument' | 'ledger' | 'grave' | 'saveGrave' | 'removeDocument' | 'mayWrite' | 'oweObjection' | 'tell'
>;

/** Of the region that takes a change in. */
export type TakingSite = Pick<Site, 'region' | 'nested' | 'tick'>;

export interface Applied {
  /** New entries of the ledger. */
  readonly losses: number;
  /** The change was of a history that had ended without it, or ended one that had such (generations.ts, G4). */
  readonly isLate: boolean;
}

/**
 * Merges another region's change into the document here. In any order, any number of times: the same state (I6). The
 * ledger gets every value that is not shown now, and those that the writer's region saw lose before it replaced them.
 */
export const applyChange = async (tx: ChangeTransaction, site: TakingSite, event: DocumentChanged, note: ChangeNote): Promise<Applied> => {
  const key = keyOfChange(event);
  const policy = await policyFor(tx, key.collection, key.kind);
  const row = await tx.document(key);
  const known = isPurged(key.kind) ? await tx.grave(key) : null;
  const change = stateOfChange(event);
  const seen = seenOf(change);
  const grave = graveFor(known, event.fresh === true, seen ?? {});
  // T3: told before it was purged, and told again by who has not heard of it.
  if (grave?.isForgotten === true && seen !== null && isCovered(seen, grave.seen) && event.purged !== true)
    return { losses: 0, isLate: false };
  const before: StoredDocument = mergedInto(key.kind, row, grave) ?? { state: emptyState(key.kind), bytes: null, toldInPart: 0 };
  const merged = await mergeChange(site, key, before, change, event);
  const { facts, losses } = factsOf(merged.after, policy);
  const next = event.purged === true && isPurged(key.kind) && seen !== null ? purgedGrave(grave, seen) : grave;
  const purge = next === grave && !(event.purged === true && isToldAnew(grave, seen ?? {})) ? null : note;
  // What is kept here in part was told whole by who wrote it: a region counts its own parts anew. Of a history that has ended nothing counts.
  const after = { ...merged.after, toldInPart: merged.ended ? wholeEvery : (row?.toldInPart ?? 0) };
  const isBuried = next !== null && isCovered(seenOf(after.state) ?? {}, next.seen);
  if (isBuried) await bury(tx, key, next, after, purge);
  else {
    await tx.saveDocument(key, after, facts, note);
    if (next !== null && (next !== known || next.contents !== null || purge !== null))
      await tx.saveGrave(key, { ...next, contents: null }, purge);
  }
  const late = lateLosses(merged, event);
  const met = [...late, ...swallowedLosses(merged.swallowed)];
  const isTold = event.settled.length > 0 || met.length > 0;
  const held = !isTold && !isBuried ? lossesSince(before.state, losses, policy) : losses;
  const entries = [...ledgerEntries(key, policy, met), ...ledgerEntries(key, policy, event.settled, held, isWaiting(merged.after.state))];
  const isOwnLate = late.some((loss) => loss.loser.region === site.region);
  // A region that was set back reads what it had heard before: it would number what it writes as it did then, with other content (B2).
  if (isOwnLate || merged.isMissed) {
    const mayWrite = await tx.mayWrite();
    if (isOwnLate && mayWrite) await tellAnew(tx, site, key, policy, { ...merged, after });
    else if (mayWrite) await objectTo(tx, site, key, policy, after);
    else if (merged.isMissed) await tx.oweObjection(key);
  }
  return { losses: await tx.ledger(entries), isLate: late.length > 0 };
};

const mergeChange = async (
  site: TakingSite,
  key: DocumentKey,
  before: StoredDocument,
  change: DocumentState,
  event: DocumentChanged,
): Promise<Omit<MergedNested, 'after'> & { readonly after: StoredDocument }> =>
  isNested(before)
    ? await mergeNested(site.nested, keyText(key), before, nestedChangeOf(event))
    : { after: { ...before, state: mergeStates(before.state, change) }, late: {}, ended: null, isMissed: false, swallowed: [] };

/** T1: all of it is purged. */
const bury = async (
  tx: ChangeTransaction,
  key: DocumentKey,
  grave: Grave,
  contents: StoredDocument,
  purge: ChangeNote | null,
): Promise<void> => {
  await tx.removeDocument(key);
  await tx.saveGrave(key, buriedIn(grave, contents), purge);
};
