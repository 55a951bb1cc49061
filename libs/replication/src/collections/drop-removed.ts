import { withoutRemoved } from '../merge/dropped.js';
import { own } from '../merge/json.js';
import type { Seen } from '../merge/register.js';
import { covers, type KnownEvents } from '../digest/vector-cover.js';
import { isStable, ofRegions, type Declaration } from '../stability.js';
import type { ChangeNote, CollectionTransaction, DocumentKey } from './collection-store.js';
import { policyFor } from './definitions.js';
import { existsState, latestOfState, type DocumentState } from './document-state.js';
import { factsOf } from './facts.js';
import { tellChange } from './tell-change.js';
import { changeOfWhole } from './whole-change.js';

/**
 * Removed fields of a document that lives on are dropped once every region knows of the removal (merge/dropped.ts has what that means for a state).
 *
 *   a removed field   removed           noted                             everybody knows what was noted      an epoch of it has ended
 *   kept              –                 noted, with how far and by what   –                                   –
 *   noted             kept: it is later –                                 dropped, in an event with the rest  kept
 *   dropped           –                 –                                 –                                   dropped
 *
 * One region notes and drops: of a tenant's documents its home region, of the fleet's the first by name. Two that do it at once do no harm. Invariants:
 *   F4 `known` covers everything that the document had in it when it was noted, also what came by a repair and not by a log
 *   F5 a drop is told when every other region has said that it knows `known`, and all that these had told before is known here. For a region R and the
 *      latest of its writes that `seen` names: who told it here had seen it, or is R; R knows of that, so that R's write was told before R said so. Hence
 *      all writes up to `seen` are here (F1), and whoever writes such a field later has seen it removed
 *   F6 what a region said under an epoch that has ended says nothing of the one that holds: a note of it is taken anew. A region that was opened without
 *      another one may lack writes of its own, and drops nothing until it has heard that one
 */
export interface RemovalNote {
  /** How far to drop: this region's and the other ones' writes. Of a region that is no more nobody says what it knew. */
  readonly seen: Seen;
  readonly known: KnownEvents;
}

/** What is known of the others. */
export interface Knowledge {
  readonly region: string;
  readonly others: readonly string[];
  readonly declared: ReadonlyMap<string, Declaration>;
}

/** Whether every other region has said what it knows under the epoch that its log has here. */
const haveAllSaid = ({ others, declared }: Knowledge, known: KnownEvents): boolean =>
  others.every((other) => declared.has(other) && declared.get(other)!.epoch === own(known, other)?.epoch);

/** `applied`: all that the document may have in it (F4). Null where there is nothing that could be dropped, or not yet. */
export const noteRemoved = (state: DocumentState, knowledge: Knowledge, applied: KnownEvents): RemovalNote | null => {
  if (state.kind !== 'lww' || !existsState(state) || !haveAllSaid(knowledge, applied)) return null;
  const { region, others } = knowledge;
  const seen = Object.fromEntries(Object.entries(state.alive.seen).filter(([name]) => name === region || others.includes(name)));
  return withoutRemoved(state, seen) === null ? null : { seen, known: applied };
};

/** F5 and F6. `known`: what this region knows without holes. */
export const judgeNote = (note: RemovalNote, knowledge: Knowledge, known: KnownEvents): 'drop' | 'wait' | 'stale' => {
  const { region, others, declared } = knowledge;
  // Of a region that is no more a repair may have brought what nobody hears any more.
  const living = ofRegions(note.known, [region, ...others]);
  if (Object.entries(living).some(([name, { epoch }]) => (own(known, name)?.epoch ?? 0) !== epoch)) return 'stale';
  return haveAllSaid(knowledge, known) && covers(known, living) && isStable(living, others, declared, known) ? 'drop' : 'wait';
};

/** Drops what a note names that `judgeNote` has let pass, and tells all that is left. Null where nothing is to be dropped (any more). */
export const dropRemoved = async (
  tx: CollectionTransaction,
  key: DocumentKey,
  { seen }: RemovalNote,
  by: Pick<ChangeNote, 'origin' | 'actor' | 'requestId'>,
): Promise<string | null> => {
  const stored = await tx.document(key);
  if (stored?.state.kind !== 'lww' || !existsState(stored.state)) return null;
  const state = withoutRemoved(stored.state, seen);
  if (state === null) return null;
  const grave = await tx.grave(key);
  const event = await tellChange(tx, key, {
    whole: true,
    change: changeOfWhole(state, null),
    settled: [],
    ...(grave?.isForgotten === true ? { fresh: true } : {}),
  });
  const after = { ...stored, state, toldInPart: 0 };
  const { facts } = factsOf(after, await policyFor(tx, key.collection, key.kind));
  await tx.saveDocument(key, after, facts, { ...by, event, at: latestOfState(state) });
  return event;
};
