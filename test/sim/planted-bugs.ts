import type { DocumentChanged } from '@lapidary/contracts/events/collection-events';
import { counterWriter } from '@lapidary/replication/merge/counter';
import type { DocumentEngine } from '@lapidary/replication/automerge/document-engine';
import {
  keyOfChange,
  keyText,
  type CollectionTransaction,
  type Grave,
  type NestedDocuments,
} from '@lapidary/replication/collections/collection-store';
import { overriding } from '@lapidary/testing/overriding';
import type { DigestChange, MemoryCollections, MemoryDatabase } from './memory-collections.ts';

/** Each proves one checker: a world that has the bug must be found out. */
export const plantedBugs = {
  'gap-ignored': 'a hole in a peer’s log is passed over',
  'vector-apart': 'the position is committed before what it stands for',
  'state-replaced': 'a change takes the place of the state instead of being merged',
  'look-forgotten': 'conflicts stay as they were though the rules have changed',
  'settled-dropped': 'the losses that a write settled don’t travel',
  'ledger-deaf': 'one region writes no losses down',
  'swallowed-untold': 'what was written into something that another one took away goes without a word',
  'loser-as-it-was': 'a list that lost stays in the ledger as it was when it lost',
  'own-row-only': 'a counter’s change carries the writer’s own row alone',
  'escrow-off': 'a region subtracts without having rights',
  'clock-ignores-state': 'a write may be earlier than what it replaces',
  'digest-keeps-old': 'what a row was before it was changed stays in the digest',
  'digest-apart': 'the digest is kept after the transaction of the write',
  'purge-unstable': 'a tombstone is purged before every region knows it',
  'drop-unstable': 'removed fields are dropped before every region knows of it',
  'drop-untold': 'removed fields are dropped here alone',
  'life-forgotten': 'who writes anew what was purged and forgotten begins the first life again',
  'grave-unheeded': 'who writes anew has not seen what was purged there',
  'commit-unstable': 'a history ends before every region knows of the next one',
  'lone-unheeded': 'a write by who did not know of a proposal is taken for one who did',
  'held-forgotten': 'a change from too far ahead is dropped',
  'contents-told': 'documents of a tenant with a residency are told to everybody',
  'owed-forgotten': 'what came without its contents is not asked for later',
  'fence-unheeded': 'a region that was set back goes on writing',
  'vouched-by-restored': 'a region that was restored itself vouches for a log that it has forgotten',
  'epoch-kept': 'a restored region opens under the epoch that it had',
  'reconciled-partly': 'a region that was heard counts as reconciled, whatever it holds',
  'found-untold': 'what was found with one region is not told to the others',
  'opened-early': 'a restored region opens before every other one was heard',
  'epoch-of-heard': 'a region that was opened without another one begins an epoch that this one may know of it already',
  'rights-unheard': 'a region that was opened without another one spends rights that it may have given away',
  'epoch-ignored': 'a region goes on reading where it was though the origin was restored',
  'given-up-believed': 'a region that was given up is believed again once it is back',
  'agreed-unfenced': 'who agrees that a region is lost goes on taking in its log',
  'lost-awaited': 'regions are compared only once they have heard the same of a lost one',
} as const;
/** What the worlds do not meet in thousands, and a test by itself brings about. */
export const directedBugs = {
  'inherited-early': 'a successor takes rights over before everybody has agreed',
  unrecalled: 'what one region alone has heard of a lost one is told to nobody',
  'beginning-unheeded': 'a document whose beginning has not come is written as if it had none',
  'answer-unfollowed': 'a write that changes nothing in the history which is proposed is no change of it',
  'objection-withheld': 'a region that has more than a proposal covers says nothing of it',
  'objection-forgotten': 'a region that was fenced when a proposal came that lacks something says nothing of it later',
  'known-while-holding': 'a region that was opened without another one says what it knows before that one was heard',
  'ledger-unfetched': 'a restored region does not ask for what the others’ ledgers have',
  'purge-untold': 'a purge that its region has lost is told again by nobody',
  'floor-forgotten': 'a restored region writes by its clock alone, though it may have written later',
} as const;
export type PlantedBug = keyof typeof plantedBugs | keyof typeof directedBugs;

export class Bugs {
  private readonly bug: PlantedBug | null;

  constructor(bug: PlantedBug | null) {
    this.bug = bug;
  }

  has(bug: PlantedBug): boolean {
    return this.bug === bug;
  }

  onWire(changed: DocumentChanged, origin: string): DocumentChanged {
    if (this.bug === 'settled-dropped') return { ...changed, settled: [] };
    if (this.bug !== 'own-row-only' || !('rows' in changed.change)) return changed;
    const own = counterWriter(origin, 1);
    const rows = changed.change.rows as Record<string, unknown>;
    return { ...changed, change: { ...changed.change, rows: own in rows ? { [own]: rows[own] } : {} } as DocumentChanged['change'] };
  }

  onLone(changed: DocumentChanged, { documents }: MemoryDatabase): DocumentChanged {
    const state = documents.get(keyText(keyOfChange(changed)))?.stored.state;
    if (this.bug !== 'lone-unheeded' || state?.kind !== 'document' || !state.next) return changed;
    const next = { id: state.next.id, lone: {}, parts: [] };
    return 'next' in changed.change && changed.change.next ? changed : { ...changed, change: { ...changed.change, next } as never };
  }

  /** Falsifies what a transaction wrote of the digest; returns what is to be written after it. */
  onDigest(before: MemoryDatabase, after: MemoryDatabase): readonly DigestChange[] {
    const written = after.digestChanges.slice(before.digestChanges.length);
    if (this.bug === 'digest-keeps-old')
      after.digestChanges = [...before.digestChanges, ...written.map((change) => ({ ...change, removed: null }))];
    if (this.bug !== 'digest-apart') return [];
    after.digestChanges = [...before.digestChanges];
    return written;
  }

  onForgotten(grave: Grave): Grave {
    return this.bug === 'life-forgotten' ? { ...grave, beginning: null } : grave;
  }

  onNested(engine: DocumentEngine): NestedDocuments {
    if (this.bug === 'swallowed-untold')
      return overriding<NestedDocuments>(engine, { take: (...told) => ({ ...engine.take(...told), swallowed: [] }) });
    if (this.bug === 'answer-unfollowed')
      return overriding<NestedDocuments>(engine, {
        edit: (key, bytes, genesis, edits, text) => engine.edit(key, bytes, genesis, edits, text),
      });
    if (this.bug !== 'beginning-unheeded') return engine;
    return overriding<NestedDocuments>(engine, {
      edit: (key, bytes, genesis, ...how) => engine.edit(key, bytes, bytes === null ? genesis : {}, ...how),
    });
  }

  onWrite(tx: CollectionTransaction): CollectionTransaction {
    return this.bug === 'grave-unheeded' ? overriding(tx, { grave: async () => Promise.resolve(null) }) : tx;
  }

  onStore(tx: CollectionTransaction): CollectionTransaction {
    if (this.bug === 'state-replaced') return overriding(tx, { document: async () => Promise.resolve(null) });
    if (this.bug === 'objection-withheld')
      return overriding(tx, { mayWrite: async () => Promise.resolve(false), oweObjection: async () => Promise.resolve() });
    if (this.bug === 'objection-forgotten') return overriding(tx, { oweObjection: async () => Promise.resolve() });
    if (this.bug === 'ledger-deaf') return overriding(tx, { ledger: async () => Promise.resolve(0) });
    return tx;
  }

  /** On everything that a region writes, its own upkeep too. */
  onLedger(tx: MemoryCollections): MemoryCollections {
    if (this.bug !== 'loser-as-it-was') return tx;
    return overriding(tx, { ledger: async (entries) => await tx.ledger(entries.map((e) => ({ ...e, isGrowing: false }))) });
  }
}
