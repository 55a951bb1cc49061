import { applyDefinition } from '@lapidary/replication/collections/definitions';
import type { DocumentKey } from '@lapidary/replication/collections/collection-store';
import { objectAtLast } from '@lapidary/replication/collections/late-writes';
import { tellChange } from '@lapidary/replication/collections/tell-change';
import { wholeChange } from '@lapidary/replication/collections/whole-change';
import { mayVouch, type KnownOfLog } from '@lapidary/replication/recovery/judge-log';
import { epochToOpen, hasCaughtUp, latestUnheard } from '@lapidary/replication/recovery/reconcile-rules';
import { nextState } from '@lapidary/kernel/transition-table';
import { covers, withoutRegions, type KnownEvents } from '@lapidary/replication/digest/vector-cover';
import { isFenced, recoveryTable, type RecoveryEvent, type RecoveryState } from '@lapidary/replication/recovery/recovery-states';
import type { MemoryCollections, MemoryDatabase } from './memory-collections.ts';
import type { Bugs } from './planted-bugs.ts';
import { sound } from './recovery-state.ts';
import { guest, guestHome, mayHold, tellResidency } from './residency.ts';
import { lostTo } from './sim-given-up.ts';
import type { SimRegion } from './sim-region.ts';

export interface RecoveryParts {
  readonly region: SimRegion;
  readonly peers: readonly SimRegion[];
  readonly reaches: (peer: string) => boolean;
  readonly bugs: Bugs;
  readonly reached: (what: string) => void;
}

/** One round of what a region does after it was restored; as step-recovery.ts, on databases in memory and with a crash at every wait. */
export const stepRecovery = async (parts: RecoveryParts): Promise<void> => {
  const { state } = parts.region.database.recovery;
  if (state === 'suspected') return await askEveryone(parts, vouched, 'vouch');
  if (state === 'reconciling') return await askEveryone(parts, reconciled, 'reconcile');
  if (state === 'holding') return await askEveryone(parts, reconciled, 'hear-all');
  if (state !== 'retelling') return;
  await retell(parts);
  await open(parts);
};

/**
 * A person has a region opened without those that were not heard (operate-recovery.ts). What they alone hold is given up, but for documents:
 * a residency that they alone know of would have to be decided anew, which is another test's.
 */
export const forceOpen = async ({ region, peers, reaches, reached }: RecoveryParts): Promise<void> => {
  const { state, done } = region.database.recovery;
  const without = peers.filter((p) => !done.has(p.name));
  if ((state !== 'suspected' && state !== 'reconciling') || without.length === 0 || without.some((p) => reaches(p.name))) return;
  if (region.name === guestHome && peers.some((p) => p.database.residency.version > region.database.residency.version)) return;
  await region.recover((_, database) => {
    database.recovery = { ...database.recovery, without: new Set(without.map((p) => p.name)) };
    move(database, 'force');
    if (region.name !== guestHome) return;
    database.residency = { ...database.residency, version: database.residency.version + versionsSkipped };
    find(database, 'residency');
  });
  reached('opened by a person');
};

/** As skipped-epochs.ts. */
const versionsSkipped = 1_000;

type Asked = (parts: RecoveryParts, peer: SimRegion, known: KnownOfLog) => Promise<boolean>;

const askEveryone = async (parts: RecoveryParts, asked: Asked, then: 'vouch' | 'reconcile' | 'hear-all'): Promise<void> => {
  const { region, peers, reaches, reached, bugs } = parts;
  const before = region.database.recovery.state;
  for (const peer of peers) {
    if (region.database.recovery.done.has(peer.name)) continue;
    if (!reaches(peer.name)) {
      reached('recovery waits for who is cut off');
      continue;
    }
    await region.ask('ask recovery');
    const known = peer.knowsOf(region.name);
    const isDone = await asked(parts, peer, known);
    if (region.database.recovery.state !== before) return;
    if (isDone)
      await region.recover((_, database) => {
        const { recovery } = database;
        database.recovery = { ...recovery, done: new Map([...recovery.done, [peer.name, known]]) };
      });
  }
  const { done } = region.database.recovery;
  if (done.size < peers.length && !(bugs.has('opened-early') && done.size > 0)) return;
  if (then === 'hear-all') await retell(parts);
  await region.recover(async (tx, database) => {
    move(database, then);
    if (then === 'vouch') await objectToOwed(parts, tx, database);
  });
  reached({ vouch: 'vouched', reconcile: 'reconciled', 'hear-all': 'heard everybody after all' }[then]);
};

const move = (database: MemoryDatabase, event: RecoveryEvent): void => {
  const state: RecoveryState = nextState(recoveryTable, database.recovery.state, event);
  database.recovery = state === 'sound' ? { ...sound, floor: database.recovery.floor } : { ...database.recovery, state };
};

/** Whether its word counts; noted where it does not. */
const mayCount = async ({ region, bugs, reached }: RecoveryParts, peer: SimRegion): Promise<boolean> => {
  const { peerEpochs } = region.database.recovery;
  const answering = { isFenced: isFenced(peer.database.recovery.state), epoch: peer.database.epoch };
  if (bugs.has('vouched-by-restored') || mayVouch(answering, peerEpochs.get(peer.name) ?? null)) return true;
  await region.recover((_, database) => {
    database.recovery = { ...database.recovery, isUnsure: true };
    if (database.recovery.state !== 'suspected') return;
    database.recovery = { ...database.recovery, done: new Map() };
    move(database, 'set-back');
  });
  reached('not vouched for by who was restored');
  return false;
};

const vouched: Asked = async (parts, peer, known) => {
  const { region } = parts;
  await region.hear(peer.name, known);
  if (region.database.recovery.state !== 'suspected' || !(await mayCount(parts, peer))) return false;
  // One that does not know this epoch can't tell.
  return region.database.recovery.state === 'suspected' && (known.sequence === 0 || known.epoch >= region.database.epoch);
};

const reconciled: Asked = async (parts, peer, known) => {
  const { region, bugs } = parts;
  await mayCount(parts, peer);
  const floor = peer.latestOf(region.name);
  await region.recover((_, database) => {
    const { recovery } = database;
    const epochHeard = Math.max(recovery.epochHeard, known.epoch);
    database.recovery = { ...recovery, epochHeard, floor: floor > recovery.floor ? floor : recovery.floor };
    if (region.name !== guestHome || peer.database.residency.version <= database.residency.version) return;
    database.residency = peer.database.residency;
    find(database, 'residency');
  });
  if (bugs.has('reconciled-partly')) return true;
  const at = region.database.vector.get(peer.name) ?? { epoch: 1, sequence: 0 };
  if (!hasCaughtUp(at, { epoch: peer.database.epoch, sequence: peer.database.outbox.length }, !peer.isTelling)) return false;
  if (peer.database.held.some(({ origin }) => origin === region.name)) return false;
  for (const [name, definition] of peer.database.definitions)
    await region.recover(async (tx, database) => {
      const before = JSON.stringify(database.definitions.get(name));
      await applyDefinition(tx, name, definition);
      if (JSON.stringify(database.definitions.get(name)) !== before) find(database, `definition ${name}`);
    });
  await fetchLedger(parts, peer);
  return await fetchDocuments(parts, peer);
};

/** Rows of a peer's ledger that are not here: what this region had settled itself and has forgotten stands nowhere else (recover-ledger.ts). */
const fetchLedger = async ({ region, bugs, reached }: RecoveryParts, peer: SimRegion): Promise<void> => {
  if (bugs.has('ledger-unfetched')) return;
  const missing = [...peer.database.conflicts.values()].filter(
    (entry) => !region.database.conflicts.has(entry.id) && mayShare(region, peer, entry),
  );
  if (missing.length === 0) return;
  await region.ask('ask ledger');
  await region.recover(async (tx) => void (await tx.ledger(missing.map((entry) => ({ ...entry, isGrowing: false })))));
  reached('ledger found with a peer');
};

const find = (database: MemoryDatabase, what: string): void => {
  database.recovery = { ...database.recovery, found: new Set([...database.recovery.found, what]) };
};

const knownIn = ({ name, database }: SimRegion): KnownEvents => ({
  ...Object.fromEntries(database.vector),
  [name]: { epoch: database.epoch, sequence: database.outbox.length },
});

/** Merges every document of another region that differs, where each knows what the other one does (D1); whether any did. */
export const mendFrom = async (region: SimRegion, peer: SimRegion, bugs: Bugs): Promise<boolean> => {
  const lost = bugs.has('lost-awaited') ? new Set<string>() : lostTo(region.database);
  const [ours, theirs] = [knownIn(region), knownIn(peer)];
  if (!covers(ours, withoutRegions(theirs, lost)) || !covers(theirs, withoutRegions(ours, lost))) return false;
  let isAny = false;
  for (const [name, definition] of peer.database.definitions)
    await region.recover(async (tx) => void (await applyDefinition(tx, name, definition)));
  for (const [text, { key, stored, facts }] of peer.database.documents) {
    if (!mayShare(region, peer, key) || region.database.documents.get(text)?.facts.digest === facts.digest) continue;
    if (await region.repair(peer, key, wholeChange(key, stored), () => undefined)) isAny = true;
  }
  return isAny;
};

const mayShare = (region: SimRegion, peer: SimRegion, { tenant }: Pick<DocumentKey, 'tenant'>): boolean =>
  tenant !== guest || (mayHold(peer.database, region.name) && mayHold(region.database, region.name));

/** Everything that differs and that this region may hold; false where something is not settled at the peer yet. */
const fetchDocuments = async ({ region, reached }: RecoveryParts, peer: SimRegion): Promise<boolean> => {
  for (const [text, { key, stored, facts }] of peer.database.documents) {
    if (!mayShare(region, peer, key) || region.database.documents.get(text)?.facts.digest === facts.digest) continue;
    if (peer.holdsBack(text)) return false;
    await region.ask('ask documents');
    const isChanged = await region.repair(peer, key, wholeChange(key, stored), (database) => find(database, text));
    if (isChanged) reached('found with a peer');
  }
  return true;
};

const retell = async ({ region, bugs }: RecoveryParts): Promise<void> => {
  for (const what of region.database.recovery.found)
    await region.recover(async (tx, database) => {
      const { recovery } = database;
      database.recovery = { ...recovery, found: new Set([...recovery.found].filter((f) => f !== what)) };
      if (!bugs.has('found-untold')) await retellOne(tx, database, region.name, what);
    });
};

const retellOne = async (tx: MemoryCollections, database: MemoryDatabase, region: string, what: string): Promise<void> => {
  if (what === 'residency') return tellResidency(database, region);
  const name = /^definition (.*)$/.exec(what)?.[1];
  const row = database.documents.get(what);
  if (name !== undefined) {
    const definition = database.definitions.get(name)! as never;
    await tx.tell('lapidary.collection.defined.v1', `collection/${name}`, { collection: name, definition });
  } else if (row) await tellChange(tx, row.key, wholeChange(row.key, row.stored));
};

/** G6, as owed-objections.ts. */
const objectToOwed = async ({ region, reached }: RecoveryParts, tx: MemoryCollections, database: MemoryDatabase): Promise<void> => {
  for (const key of database.objections.values())
    if (await objectAtLast(tx, region.site, key)) reached('proposal objected to by who was fenced');
  database.objections = new Map();
};

const open = async (parts: RecoveryParts): Promise<void> => {
  const { region, bugs, reached } = parts;
  await region.recover(async (tx, database) => {
    const { epochHeard, without, floor } = database.recovery;
    const isUnsure = without.size > 0 || database.recovery.isUnsure;
    const unheard = isUnsure ? latestUnheard(region.name, region.nowMs()) : '';
    database.recovery = { ...database.recovery, floor: unheard > floor ? unheard : floor };
    if (!bugs.has('epoch-kept'))
      database.epoch = epochToOpen(database.epoch, [epochHeard], isUnsure && !bugs.has('epoch-of-heard') ? region.moment : 0);
    // What it once declared to know was of a database that is no more.
    database.ownDeclarations = [];
    region.observe(database.recovery.floor);
    await objectToOwed(parts, tx, database);
    move(database, without.size === 0 ? 'open' : 'open-partly');
  });
  region.follow();
  reached('opened under a new epoch');
};
