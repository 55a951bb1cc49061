import { createDataSource } from '@lapidary/db/data-source';
import { migrate } from '@lapidary/db/migrate';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { keyText } from '@lapidary/replication/collections/collection-store';
import { freshDatabase } from '@lapidary/testing/backends';
import { migrations } from '../migrations/all.js';
import { lockStored } from './stored-documents.js';

const collection = 'items';
const documents = 2_000;

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly Plan[];
}
const readsOf = (plan: Plan): Plan[] => [
  ...(plan['Relation Name'] === 'document' && plan['Node Type'] !== 'LockRows' ? [plan] : []),
  ...(plan.Plans ?? []).flatMap(readsOf),
];

test.each(['never analysed', 'analysed while it was nearly empty', 'analysed'])(
  'documents are found by their names, each by itself, in a table that was %s',
  async (how) => {
    const database = await freshDatabase();
    const source = await createDataSource({ url: database.url, applicationName: 'test', poolSize: 2, migrations }).initialize();
    try {
      await migrate(source);
      // Nobody else decides when it is analysed.
      await source.query('ALTER TABLE document SET (autovacuum_enabled = false)');
      if (how === 'analysed while it was nearly empty') await source.query('ANALYZE document');
      await source.query(
        `INSERT INTO document (collection, kind, tenant, id, state, exists, digest, bytes, conflicts, latest)
         SELECT $2::text, 'lww', '', 'item-' || n, jsonb_build_object('fields', (SELECT jsonb_object_agg(i, md5(n::text || i)) FROM generate_series(1, 30) AS i)),
                true, md5('d' || n), 100, 0, '' FROM generate_series(1, $1::int) AS n`,
        [documents, collection],
      );
      if (how === 'analysed') await source.query('ANALYZE document');
      const plans: Plan[] = [];
      const explaining = {
        query: async (sql: string, parameters: unknown[]): Promise<unknown> => {
          if (sql.includes('FROM document')) {
            const [row] = await rowsOf<{ 'QUERY PLAN': [{ Plan: Plan }] }>(source, `EXPLAIN (FORMAT JSON) ${sql}`, parameters);
            plans.push(...readsOf(row!['QUERY PLAN'][0].Plan));
          }
          return await source.query(sql, parameters);
        },
      } as unknown as Tx;
      const keys = Array.from({ length: 200 }, (_, i) => 10 * (201 - i) - 9).map((n) => ({
        collection,
        kind: 'lww' as const,
        tenant: '',
        id: `item-${n}`,
      }));
      const found = await lockStored(explaining, keys);
      // The first of them is not there.
      expect([...found.keys()].sort()).toEqual(keys.slice(1).map(keyText).sort());
      expect(plans.map((plan) => plan['Node Type'])).toEqual(['Index Scan']);
      for (const column of ['collection', 'kind', 'tenant', 'id']) expect(plans[0]!['Index Cond']).toContain(`(${column} = k.${column})`);
    } finally {
      await source.destroy();
      await database.drop();
    }
  },
);
