import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { CollectionsClient } from '@lapidary/stamp-sdk/collections/collections-client';
import { Geodes } from '../../test/geodes/geodes.js';
import type { Subject } from './subject.ts';
import type { Change, Item } from './workload.ts';

const regions = ['eu', 'us'] as const;
/** As many as a shop's processes would send at once. */
const writersAtOnce = 16;
/** Items to begin with go in as an import does: some 45 kB a request, of which there may be 64. */
const importedAtOnce = 150;
const importersAtOnce = 4;
/** A look at the states of all of many items is a good part of what two processors do meanwhile. */
const importLookEveryMs = 250;

/** Two regions as in production: own PostgreSQL (fsync on), own NATS server, own control plane; written to by the HTTP API. */
export const ours = (): Subject => {
  let geodes: Geodes;
  let databases: pg.Client[];
  let clients: CollectionsClient[];
  const inParallel = async <T>(all: readonly T[], work: (one: T) => Promise<unknown>, atOnce = writersAtOnce): Promise<void> => {
    const queue = [...all];
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) await work(next);
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
  };
  const states = async (database: pg.Client): Promise<string> => {
    const { rows } = await database.query<{ all: string }>(
      `SELECT md5(string_agg(id || digest, ',' ORDER BY id)) AS all FROM document WHERE collection = 'items'`,
    );
    return rows[0]!.all;
  };
  /** How far each side's log goes, and how far the other one has taken it in. */
  const haveHeard = async (): Promise<boolean> => {
    const sides = await Promise.all(
      databases.map(async (database) => {
        const { rows } = await database.query<{ log: string; heard: string | null }>(
          `SELECT (SELECT sequence + (SELECT count(*) FROM outbox_waiting) FROM origin) AS log, (SELECT max(sequence) FROM version_vector) AS heard`,
        );
        return rows[0]!;
      }),
    );
    return sides.every(({ log }, i) => sides[1 - i]!.heard === log);
  };
  const same = async (): Promise<boolean> => {
    // Sums over all rows are a good part of what two processors do in this time: asked once each side has what the other one wrote.
    if (!(await haveHeard())) return false;
    const [one, other] = await Promise.all(databases.map(states));
    return one === other;
  };
  return {
    name: 'lapidary',
    keeps: 'concurrent values of each field, every loss in a ledger, both sides durable',
    start: async (items) => {
      geodes = await Geodes.start('bench-replication', regions);
      databases = await Promise.all(regions.map((region) => geodes.connect(region)));
      clients = regions.map((region) => geodes.client(region));
      const defined = await geodes.api('eu').put('/v1/collections/items', { scope: 'fleet', policy: { kind: 'lww' } });
      if (defined.status >= 300) throw new Error(JSON.stringify(defined.body));
      const imports = Array.from({ length: Math.ceil(items.length / importedAtOnce) }, (_, i) =>
        items.slice(i * importedAtOnce, (i + 1) * importedAtOnce).map(({ id, item }) => ({ op: 'put' as const, id, value: item })),
      );
      await inParallel(imports, (writes) => clients[0]!.writeMany('items', writes), importersAtOnce);
      while (!(await same())) await sleep(importLookEveryMs);
    },
    cut: async () => {
      geodes.breakAll('cut');
      return Promise.resolve();
    },
    write: (side, changes: readonly Change[]) => inParallel(changes, ({ id, fields }) => clients[side]!.patch('items', id, fields)),
    heal: async () => {
      geodes.breakAll('open');
      return Promise.resolve();
    },
    same,
    read: async (side) => {
      const seen = new Map<string, Item>();
      for await (const { id, value } of clients[side]!.list('items')) seen.set(id, value as Item);
      return seen;
    },
    bytes: () => geodes.bytes,
    conflicts: async () => {
      const { rows } = await databases[0]!.query<{ n: number }>(`SELECT count(*)::int AS n FROM document WHERE conflicts > 0`);
      return rows[0]!.n;
    },
    stop: async () => {
      await Promise.all(databases.map((database) => database.end()));
      await geodes.stop();
    },
  };
};
