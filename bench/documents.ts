/**
 * Whether nested documents have a cliff: creating, editing and reading one among 1,000, 10,000 and 100,000 of a real PostgreSQL, by the
 * control plane's own writer with its thread of documents, and what the process holds after that. Documents are picked evenly, so that
 * among many hardly any is still open (LAPIDARY_BENCH_DOCUMENTS sets the greatest number).
 */
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { CollectionBudgetsSchema, CollectionPolicySchema } from '@lapidary/contracts/api/collections';
import { definedCollection } from '@lapidary/control-plane/collections/collection-row';
import { siteOf } from '@lapidary/control-plane/collections/collection-tools';
import { documentViewOf, readDocument } from '@lapidary/control-plane/collections/document-row';
import { PostgresCollections } from '@lapidary/control-plane/collections/postgres-collections';
import { systemContext } from '@lapidary/control-plane/http/command-context';
import { ensureOrigin } from '@lapidary/control-plane/regions/ensure-origin';
import { systemClock } from '@lapidary/kernel/clock';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { newId } from '@lapidary/kernel/ids';
import { actorOf } from '@lapidary/replication/automerge/document-actor';
import { DocumentWorker } from '@lapidary/replication/automerge/document-worker';
import { defineCollection } from '@lapidary/replication/collections/definitions';
import { executeWrite } from '@lapidary/replication/collections/execute-write';
import type { WriteCommand } from '@lapidary/replication/collections/write-document';
import { withOwnDatabase } from './own-database.ts';
import { report, type Measurement } from './report.ts';

const most = Number(process.env['LAPIDARY_BENCH_DOCUMENTS'] ?? 100_000);
const sizes = [1_000, 10_000, 100_000].filter((size) => size <= most);
const operations = 1_000;
const rounds = 5;
/** A statement is ended after some seconds. */
const copiedAtOnce = 10_000;
const region = 'eu';
const collection = 'profiles';
const say = (text: string): void => void process.stderr.write(`${text}\n`);

const profile = (n: number): WriteCommand => ({
  op: 'put',
  value: { name: `Customer ${n}`, mail: `customer${n}@example.com`, addresses: [{ city: 'Bonn', street: `Street ${n}` }], notes: '' },
});
const edit = (n: number): WriteCommand => ({
  op: 'operate',
  operations: [{ op: 'set', path: ['addresses', 0, 'street'], value: `Street ${n}` }],
});

const measured: Measurement[] = [];
await withOwnDatabase(async (dataSource) => {
  await inTransaction(dataSource, async (tx) => ensureOrigin(tx, region));
  const clock = new HybridLogicalClock(region, systemClock);
  const worker = new DocumentWorker(actorOf(region, 1));
  const site = siteOf(region, 1, clock, worker);
  const context = systemContext(region, 'bench', newId());
  const policy = CollectionPolicySchema.parse({ kind: 'document', genesis: { addresses: [], notes: '' }, text: ['notes'] });
  await inTransaction(dataSource, async (tx) =>
    defineCollection(new PostgresCollections(tx, clock, context), site, collection, {
      scope: 'fleet',
      policy,
      budgets: CollectionBudgetsSchema.parse({}),
    }),
  );
  const defined = await definedCollection(dataSource, collection);
  const keyOf = (id: string) => ({ collection, kind: 'document' as const, tenant: '', id });
  const write = async (id: string, command: WriteCommand): Promise<void> => {
    await inTransaction(dataSource, async (tx) =>
      executeWrite(new PostgresCollections(tx, clock, context), site, keyOf(id), defined, command, context),
    );
  };
  const read = async (id: string): Promise<void> => {
    documentViewOf(collection, (await readDocument(dataSource, keyOf(id)))!, policy);
  };

  let there = 0;
  let created = 0;
  for (const size of sizes) {
    if (there === 0) for (; there < 1_000; there++) await write(`d${there}`, profile(there));
    for (; there < size; there += copiedAtOnce) {
      // Copies of real documents under other ids: Automerge's bytes don't know whose they are.
      await dataSource.query(
        `INSERT INTO document (collection, kind, tenant, id, state, automerge, told_in_part, exists, digest, bytes, conflicts, latest)
         SELECT collection, kind, tenant, 'd' || n, state, automerge, told_in_part, exists, digest, bytes, conflicts, latest
           FROM generate_series($1::int, $2::int) AS n JOIN document d ON d.collection = '${collection}' AND d.id = 'd' || (n % 1000)
         ON CONFLICT DO NOTHING`,
        [there, Math.min(size, there + copiedAtOnce) - 1],
      );
    }
    there = size;
    await dataSource.query('ANALYZE document');
    const [row] = await rowsOf<{ n: number }>(dataSource, 'SELECT count(*)::int AS n FROM document');
    say(`${row!.n} documents are in`);
    const subject = `among ${size} documents`;
    const peer = size === sizes[0] ? undefined : `among ${sizes[0]} documents`;
    const kinds: Record<string, (n: number) => Promise<void>> = {
      create: async () => write(`new-${size}-${created}`, profile(created++)),
      edit: async (n) => write(`d${Math.floor(Math.random() * size)}`, edit(n)),
      read: async () => read(`d${Math.floor(Math.random() * size)}`),
    };
    for (const [kind, work] of Object.entries(kinds)) {
      const medians: number[] = [];
      const worst: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const took: number[] = [];
        for (let n = 0; n < operations / rounds; n++) {
          const begun = performance.now();
          await work(n);
          took.push(performance.now() - begun);
        }
        took.sort((a, b) => a - b);
        medians.push(took[Math.floor(took.length / 2)]!);
        worst.push(took[Math.floor(took.length * 0.99)]!);
      }
      const against = peer === undefined ? {} : { peer };
      measured.push({ subject, metric: `${kind}, median`, unit: 'ms', samples: medians, ...against });
      measured.push({ subject, metric: `${kind}, 99th of a hundred`, unit: 'ms', samples: worst, ...against });
    }
    measured.push({ subject, metric: 'memory of the process', unit: 'MB', samples: [process.memoryUsage().rss / 1024 ** 2] });
  }
  await worker.close();
});
report('documents', 'npm run bench:documents', measured);
