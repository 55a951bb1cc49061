import { CollectionPolicySchema } from '@lapidary/contracts/api/collections';
import type { DocumentKey } from '@lapidary/replication/collections/collection-store';
import { defineCollection, resolveDefinition } from '@lapidary/replication/collections/definitions';
import { executeWrite } from '@lapidary/replication/collections/execute-write';
import { purgeDocument } from '@lapidary/replication/collections/purge-document';
import type { WriteCommand } from '@lapidary/replication/collections/write-document';
import { begin, hear } from './one-document.ts';
import type { SimRegion } from './sim-region.ts';

const key: DocumentKey = { collection: 'lww', kind: 'lww', tenant: '', id: 'a' };
const budgets = { documentBytes: 49_152, documents: 100_000, changes: 10_000 };

const define = async (region: SimRegion, rule: string): Promise<void> =>
  await region.inTx(async (tx) => {
    const policy = CollectionPolicySchema.parse({ kind: 'lww', rules: { '*': rule } });
    await defineCollection(tx, region.site, 'lww', { scope: 'fleet', policy, budgets });
  });

const write = async (region: SimRegion, command: WriteCommand): Promise<void> =>
  await region.inTx(async (tx) => {
    const defined = resolveDefinition(await tx.definition('lww'))!;
    await executeWrite(tx, region.site, key, defined, command, { actor: 'test', requestId: 'test' });
  });

it('a value that only changed rules do not show is in every ledger, also where its document is purged before it was looked at again (L4)', async () => {
  const { ap, eu, us } = await begin();
  const regions = [ap, eu, us];
  const toldToAll = async (): Promise<void> => {
    for (const to of regions) for (const from of regions) if (to !== from) await hear(to, from);
  };
  await define(eu, 'last-write');
  await toldToAll();
  await write(eu, { op: 'put', value: { price: 1 } });
  await toldToAll();
  // Three that have not heard of each other: "eu" takes the price out, "ap" changes it, "us" deletes.
  await write(eu, { op: 'patch', value: { price: null } });
  await write(ap, { op: 'patch', value: { price: 2 } });
  await write(us, { op: 'delete' });
  // What "ap" wrote is shown there, until the rules change: from then on it has lost already.
  await hear(ap, eu);
  await define(eu, 'first-write');
  await toldToAll();
  const by = { origin: 'us', actor: 'test', requestId: 'test' };
  expect(await us.inTx(async (tx) => purgeDocument(tx, us.site, key, ['ap', 'eu'], by))).not.toBeNull();
  await toldToAll();
  for (const { name, database } of regions)
    expect([name, [...database.conflicts.values()].find((e) => e.field === 'price' && e.loser.at.endsWith('ap'))?.loser.value]).toEqual([
      name,
      2,
    ]);
});
