import { CollectionPolicySchema } from '@lapidary/contracts/api/collections';
import { keyText, type DocumentKey } from '@lapidary/replication/collections/collection-store';
import { viewState } from '@lapidary/replication/collections/document-state';
import { defineCollection, resolveDefinition } from '@lapidary/replication/collections/definitions';
import { executeWrite } from '@lapidary/replication/collections/execute-write';
import type { WriteCommand } from '@lapidary/replication/collections/write-document';
import { Carried } from './effects.ts';
import { Bugs, type PlantedBug } from './planted-bugs.ts';
import { Random } from './random.ts';
import type { RecoveryParts } from './sim-recovery.ts';
import { SimRegion } from './sim-region.ts';
import type { Upkeep } from './sim-upkeep.ts';

export const key: DocumentKey = { collection: 'document', kind: 'document', tenant: '', id: 'a' };
export const policy = CollectionPolicySchema.parse({ kind: 'document', genesis: { words: [] } });
const budgets = { documentBytes: 49_152, documents: 100_000, changes: 10_000 };

/** Three regions whose processes live on, and one definition, told by "eu". */
export const begin = async (bug: PlantedBug | null = null) => {
  let nowMs = 1_735_689_600_000;
  const regions = Object.fromEntries(
    ['ap', 'eu', 'us'].map((n) => [
      n,
      new SimRegion(
        n,
        () => ++nowMs,
        new Random(1),
        new Bugs(bug),
        new Carried(),
        () => undefined,
      ),
    ]),
  ) as Record<'ap' | 'eu' | 'us', SimRegion>;
  for (const region of Object.values(regions)) region.calm();
  await regions.eu.inTx(async (tx) => void (await defineCollection(tx, regions.eu.site, 'document', { scope: 'fleet', policy, budgets })));
  return regions;
};

/** All that a region has told, whatever was heard before; of one that has begun another epoch from its beginning. */
export const hear = async (to: SimRegion, from: SimRegion): Promise<void> => {
  if (!from.isTelling) return;
  const log = from.log();
  if ((to.database.vector.get(from.name)?.epoch ?? 1) < from.database.epoch) await to.adopt(from.name, from.database.epoch);
  await to.take(from.name, log, { epoch: from.database.epoch, sequence: log.length });
};

export const write = async (region: SimRegion, command: WriteCommand): Promise<void> =>
  await region.inTx(async (tx) => {
    const defined = resolveDefinition(await tx.definition('document'))!;
    await executeWrite(tx, region.site, key, defined, command, { actor: 'test', requestId: 'test' });
  });

/** One round of recovery of a region that reaches those of `peers` that are in `reached`. */
export const recovering = (
  region: SimRegion,
  peers: readonly SimRegion[],
  reached: readonly SimRegion[] = peers,
  bug: PlantedBug | null = null,
): RecoveryParts => ({
  ...{ region, peers, bugs: new Bugs(bug), reached: () => undefined },
  reaches: (peer) => reached.some(({ name }) => name === peer),
});

/** What a region does by itself now and then. */
export const upkeepOf = (region: SimRegion, others: readonly SimRegion[], bug: PlantedBug | null, purges: boolean): Upkeep => ({
  ...{ region, others: others.map(({ name }) => name), random: new Random(1), tombstoneMs: 0, purges, bugs: new Bugs(bug) },
  reached: () => undefined,
});

export const insert = (word: string): WriteCommand => ({
  op: 'operate',
  operations: [{ op: 'insert', path: ['words'], index: 0, values: [word] }],
});
export const stateOf = (region: SimRegion) => region.database.documents.get(keyText(key))!;

export const shown = (region: SimRegion) => viewState(stateOf(region).stored.state, policy);
export const wordsOf = (region: SimRegion): string[] => (shown(region)!.value as { words: string[] }).words;
