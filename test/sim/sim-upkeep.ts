import { keyText } from '@lapidary/replication/collections/collection-store';
import { policyFor } from '@lapidary/replication/collections/definitions';
import { commitGeneration, ownProposal, proposeGeneration } from '@lapidary/replication/collections/generation-steps';
import { purgeDocument, retellPurge } from '@lapidary/replication/collections/purge-document';
import type { KnownEvents } from '@lapidary/replication/digest/vector-cover';
import { isStable } from '@lapidary/replication/stability';
import type { MemoryDatabase, OutboxEvent } from './memory-collections.ts';
import type { Bugs } from './planted-bugs.ts';
import type { Random } from './random.ts';
import type { SimRegion } from './sim-region.ts';

/** What a region does now and then by itself. */
export interface Upkeep {
  readonly region: SimRegion;
  readonly others: readonly string[];
  readonly random: Random;
  /** How long a delete is remembered at the least. */
  readonly tombstoneMs: number;
  /** Whether it purges at all: tombstones wait for days, and whoever is restored meanwhile need not be the first to purge again. */
  readonly purges: boolean;
  readonly bugs: Bugs;
  readonly reached: (what: string) => void;
}

/** Says what it knows, purges the tombstones that everybody knows, and forgets what everybody has purged. */
export const keepHouse = async ({ region, others, tombstoneMs, purges, bugs, reached }: Upkeep): Promise<void> => {
  await region.inTx(async (tx, database) => {
    // G6.
    if (database.recovery.state === 'holding' && !bugs.has('known-while-holding')) return;
    const known = knownOf(region.name, database);
    await tx.tell('lapidary.region.knows.v1', `region-knows/${region.name}`, { known });
    database.ownDeclarations.push({ known, writes: database.writes });
  });
  await region.inTx(async (tx, database) => {
    const known = knownOf(region.name, database);
    const stable = database.ownDeclarations.findLast(
      (own) => bugs.has('purge-unstable') || isStable(own.known, others, database.declared, known),
    );
    for (const { key, facts } of database.documents.values()) {
      const last = database.lastWrite.get(keyText(key))!;
      if (!purges || !stable || facts.exists || facts.latest.slice(19) !== region.name || last.write >= stable.writes) continue;
      if (database.nowMs - last.ms < tombstoneMs) continue;
      if ((await purgeDocument(tx, region.site, key, others, { origin: region.name, actor: 'sim', requestId: 'sim' })) !== null)
        reached(`tombstone of ${key.kind} purged`);
    }
  });
  await retellLostPurges({ region, others, bugs, reached });
  await region.inTx(async (tx, database) => {
    const known = knownOf(region.name, database);
    for (const { key, grave, purge } of database.graves.values()) {
      const sequence = purge.sequence ?? database.outbox.findIndex((e) => e.id === purge.event) + 1;
      const epoch = known[purge.origin]?.epoch ?? 1;
      // T5.
      if (purge.epoch !== null && purge.epoch !== epoch) continue;
      const what = { [purge.origin]: { epoch, sequence } };
      if (grave.isForgotten || !isStable(what, others, database.declared, known)) continue;
      await tx.saveGrave(key, bugs.onForgotten({ ...grave, isForgotten: true, contents: null }), null);
      reached(`grave of ${key.kind} forgotten`);
    }
  });
};

/** As retell-purges.ts (T5). */
const retellLostPurges = async ({ region, others, bugs, reached }: Pick<Upkeep, 'region' | 'others' | 'bugs' | 'reached'>): Promise<void> =>
  await region.inTx(async (tx, database) => {
    if (bugs.has('purge-untold')) return;
    const known = knownOf(region.name, database);
    const stable = database.ownDeclarations.findLast((own) => isStable(own.known, others, database.declared, known));
    for (const { key, grave, purge } of [...database.graves.values()]) {
      const epoch = known[purge.origin]?.epoch ?? 1;
      if (grave.isForgotten || purge.epoch === null || purge.epoch >= epoch || stable?.known[purge.origin]?.epoch !== epoch) continue;
      if ((await retellPurge(tx, key, { origin: region.name, actor: 'sim', requestId: 'sim' })) !== null) reached('purge told again');
    }
  });

/** Begins histories of nested documents anew, and ends those that everybody knows the new one of (generations.ts). */
export const keepHistories = async ({ region, others, random, bugs, reached }: Upkeep): Promise<void> => {
  const by = { actor: 'sim', requestId: 'sim' };
  for (const { key } of [...region.database.documents.values()].filter((d) => d.key.kind === 'document')) {
    await region.inTx(async (tx, database) => {
      const { state } = database.documents.get(keyText(key))!.stored;
      const id = state.kind === 'document' ? ownProposal(state, region.name) : null;
      const policy = await policyFor(tx, key.collection, key.kind);
      if (id === null) {
        if (!random.chance(0.6)) return;
        if ((await proposeGeneration(tx, region.site, key, policy, others, by)) !== null) reached('history proposed');
        return;
      }
      const sequence = database.outbox.findLastIndex((e) => proposes(e, id)) + 1;
      const known = knownOf(region.name, database);
      const isKnown = isStable({ [region.name]: { epoch: database.epoch, sequence } }, others, database.declared, known);
      if (!isKnown && !bugs.has('commit-unstable')) return;
      if ((await commitGeneration(tx, region.site, key, policy, id, by)) !== null) reached('history committed');
    });
  }
};

const proposes = ({ data }: OutboxEvent, id: string): boolean => {
  const { change } = data as { change?: { next?: { id: string; covers?: unknown } } };
  return change?.next?.id === id && change.next.covers !== undefined;
};

/** Without holes: what is held counts as not known. */
export const knownOf = (region: string, database: MemoryDatabase): KnownEvents => ({
  ...Object.fromEntries(
    [...database.vector].map(([origin, { epoch, sequence }]) => {
      const missing = database.held.filter((h) => h.origin === origin).map((h) => h.sequence - 1);
      return [origin, { epoch, sequence: Math.min(sequence, ...missing) }];
    }),
  ),
  [region]: { epoch: database.epoch, sequence: database.outbox.length },
});
