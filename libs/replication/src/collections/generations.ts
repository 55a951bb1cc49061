import { regionOfHlc } from '@lapidary/kernel/hybrid-logical-clock';
import { own } from '../merge/json.js';
import { isCovered, joinSeen, type Register, type Seen } from '../merge/register.js';

/**
 * Histories of nested documents that begin anew (docs/adr, "A document's history begins anew by a proposal that writers answer").
 *
 *   stage      | what it means                         | ends by
 *   -----------|---------------------------------------|---------------------------------------------------------------
 *   quiet      | one history                           | a proposal: what is there now, as the first change of a new one
 *   proposed   | who knows of it writes in both forms  | a commit, once every region knows of it; or a write by who did not
 *   broken     | there was such a write                | the next proposal
 *   quiet      | the new history holds, the old goes   |
 *
 *   G1  the history that holds is the greatest of those that were committed, by number, then by name
 *   G2  `lone` has every known write that was made without knowing of the proposal; one that the proposal does not cover breaks it
 *   G3  a region proposes only where it knows of no proposal that may still be committed; whoever takes one in objects by a lone write if
 *       it has what the proposal misses, and writes in both forms from then on
 *   G4  who proposed commits, when everybody is known to know of it (stability.ts) and it is not broken: a lone write that is not known
 *       then was told before its region said that it knows, so there is none. Hence every write of the old history is in the new one
 *   G5  all of this is a join of what is known, so that regions that know the same are equal (I6)
 *   G6  who is fenced, and can't object, does so before it says again what it knows; who was opened without some region says nothing of what it
 *       knows until that was heard, which may have a write of its own that it has lost
 *
 *   G7  no two proposals have one name: it is later than that of the history that holds and of any other proposal, though the clock fell back since
 *   G8  a write that answers is one change of each form, though it changes nothing in one: what follows it there follows it in the other. So neither
 *       form shows what the other one waits for, and nobody takes away in one what was not seen in the other
 *
 * A region that was restored from a backup can break G3, since it has forgotten what it said: what it wrote is found (lateWrites), kept
 * in the ledger, and told anew by itself.
 */
export interface Generation {
  readonly number: number;
  /** Hybrid time of its proposal, which names the region too; empty: the first. */
  readonly id: string;
  /** Writes that are in its first change. */
  readonly covers: Seen;
}

/** A proposal, and the document in its form. */
export interface NextGeneration {
  readonly id: string;
  /** Null where the proposal itself has not come yet, only a write in its form. */
  readonly covers: Seen | null;
  /** Region → its latest known write that was made without knowing of the proposal. */
  readonly lone: Seen;
  readonly heads: readonly string[];
  /** Automerge's bytes in base64; null: there is nothing in it yet. */
  readonly doc: string | null;
}

/** What of a document's state speaks of its history. */
export interface Historied {
  readonly alive: Register;
  readonly generation?: Generation | undefined;
  readonly next?: Pick<NextGeneration, 'id' | 'covers' | 'lone'> | undefined;
}

export const firstGeneration: Generation = { number: 0, id: '', covers: {} };

export const generationOf = (state: Historied): Generation => state.generation ?? firstGeneration;

/** G1. */
export const compareGenerations = (a: Generation, b: Generation): number =>
  a.number !== b.number ? a.number - b.number : a.id < b.id ? -1 : a.id > b.id ? 1 : 0;

const laterTime = (a: string, b: string): string => (a > b ? a : b);

/** G7: what a new proposal's name must be later than; empty where there was none. */
export const latestName = ({ generation, next }: Pick<Historied, 'generation' | 'next'>): string =>
  laterTime(generation?.id ?? '', next?.id ?? '');

const beyond = (times: Seen, covers: Seen): Seen =>
  Object.fromEntries(Object.entries(times).filter(([region, at]) => at > (own(covers, region) ?? '')));

/** G2: where a proposal is not known, none of the known writes was made with it in mind. */
const loneFor = (id: string, { alive, next }: Historied): Seen => (next?.id === id ? next.lone : alive.seen);

export const isBroken = ({ covers, lone }: Pick<NextGeneration, 'covers' | 'lone'>): boolean => covers !== null && !isCovered(lone, covers);

/** Whether a write must be made in both forms (G3): the proposal itself is known, with all that it covers, and may still be committed. */
export const isAnswered = (next: Historied['next']): boolean => next !== undefined && next.covers !== null && !isBroken(next);

/** G5, without the documents: of two proposals the later one; `generation` is the history that holds. */
export const joinNext = (generation: Generation, a: Historied, b: Historied): Pick<NextGeneration, 'id' | 'covers' | 'lone'> | null => {
  const valid = [a, b].flatMap((x) => (x.next && compareGenerations(generationOf(x), generation) === 0 ? [x.next] : []));
  const id = valid.map((next) => next.id).reduce(laterTime, '');
  if (id === '') return null;
  const covers = valid.find((next) => next.id === id && next.covers !== null)?.covers ?? null;
  return { id, covers, lone: joinSeen(loneFor(id, a), loneFor(id, b)) };
};

/** Writes of an older history which one that holds has not got: none, but of a region that was restored (G4). */
export const lateWrites = (older: Historied, holds: Generation): Seen => beyond(loneFor(holds.id, older), holds.covers);

/** Whether a region may propose (G3). A proposal of its own that it has forgotten, or of a region that is no more, is never committed. */
export const mayPropose = (next: Historied['next'], region: string, others: readonly string[]): boolean => {
  if (next === undefined || isBroken(next)) return true;
  const proposer = regionOfHlc(next.id);
  return proposer === region ? next.covers === null : !others.includes(proposer);
};
