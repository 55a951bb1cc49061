/**
 * `npm run bench:taking-in`: what the processors do to take in another region's changes of documents, apart from any network: the answer is made
 * from the origin's outbox, read, and applied in transactions of 500, on a real PostgreSQL (fsync on). Beside it the floor: the same rows written
 * by the bare statements, into tables with a primary key and nothing else, with parameters that were made before.
 */
import { inTransaction } from '@lapidary/db/transaction';
import { ingest } from '@lapidary/control-plane/replication/ingest';
import { takenAtOnce } from '@lapidary/control-plane/replication/taken-at-once';
import type { ApplyTools } from '@lapidary/control-plane/replication/apply-tenant';
import { adoptEpoch } from '@lapidary/control-plane/replication/peer-position';
import { ensureOrigin } from '@lapidary/control-plane/regions/ensure-origin';
import { systemClock } from '@lapidary/kernel/clock';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { inColumns, readFrame } from '@lapidary/messaging/columns/columns-frame';
import type { NestedDocuments } from '@lapidary/replication/collections/collection-store';
import { readEvents } from '@lapidary/replication/read-events';
import { changesOf, itemsOf, type Item } from './replication/workload.ts';
import { processorTime, usedSince } from './processor-time.ts';
import { withOwnDatabase, type OwnDatabase } from './own-database.ts';
import { report, type Measurement } from './report.ts';

const rounds = Number(process.env['LAPIDARY_BENCH_ROUNDS'] ?? 20);
const items = 2_000;
const perRound = 500;
/** As changes of fields are taken in (takenAtOnce). */
const perTransaction = 500;
const [here, peer, other] = ['eu', 'us', 'ap'] as const;
const startMs = 1_764_000_000_000;

const hlc = (n: number, region: string): string => `${startMs + 3 * n}.0000.${region}`;

interface Register {
  readonly siblings: readonly { readonly at: string; readonly value: unknown }[];
  readonly seen: Readonly<Record<string, string>>;
}

/** Events of a region's log as its outbox would answer them; it knows nothing of anybody else's writes. */
class Writer {
  private sequence = 0;

  private readonly region: string;

  constructor(region: string) {
    this.region = region;
  }

  answer(changes: readonly { readonly id: string; readonly fields: Item }[]): unknown {
    return { ok: true, events: changes.map(({ id, fields }) => this.event(id, fields)), through: this.sequence };
  }

  private event(id: string, fields: Item): unknown {
    this.sequence += 1;
    const at = hlc(this.sequence, this.region);
    const register = (value: unknown): Register => ({ siblings: [{ at, value }], seen: { [this.region]: at } });
    const key = `${String(this.sequence).padStart(10, '0')}`;
    return {
      specversion: '1.0',
      id: `01K${this.region.toUpperCase()}000${key}ABCDEFGH`.slice(0, 26),
      source: `/regions/${this.region}`,
      type: 'lapidary.document.changed.v1',
      subject: `document/items//${id}`,
      time: new Date(startMs + 3 * this.sequence).toISOString(),
      originregion: this.region,
      originepoch: 1,
      originsequence: this.sequence,
      hlc: at,
      requestid: `01KREQ${key}ABCDEFGHIJ`.slice(0, 26),
      actor: 'token:bootstrap',
      data: {
        collection: 'items',
        tenant: '',
        id,
        kind: 'lww',
        whole: false,
        change: {
          fields: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, register(value)])),
          alive: register(true),
        },
        settled: [],
      },
    };
  }
}

const definition = {
  siblings: [
    {
      at: hlc(0, here),
      value: {
        scope: 'fleet',
        policy: { kind: 'lww', rules: {} },
        budgets: { documentBytes: 1e6, documents: 1e6, changes: 1e6 },
        version: 1,
        created: hlc(0, here),
      },
    },
  ],
  seen: { [here]: hlc(0, here) },
};

const tools: ApplyTools = {
  region: here,
  collections: {
    region: here,
    clock: new HybridLogicalClock(here, systemClock),
    // There is no nested document here to be merged.
    nested: () => Promise.resolve({} as NestedDocuments),
    onLosses: () => undefined,
    onLate: () => undefined,
  },
  suspendLoser: () => Promise.resolve(),
  onConflict: () => undefined,
};

/** Taken in as PeerOutbox does. */
const takeIn = async (dataSource: OwnDatabase, from: string, frame: Uint8Array): Promise<void> => {
  const events = readEvents(from, (readFrame(frame) as { events: unknown[] }).events);
  for (const some of takenAtOnce(events)) {
    const { applied } = await ingest(dataSource, tools, from, some, {
      epoch: 1,
      from: some[0]!.sequence,
      through: some.at(-1)!.sequence,
    });
    if (applied.length !== some.length) throw new Error(`${some.length - applied.length} events were not applied`);
  }
};

type Parameters = readonly unknown[];

/** What the product wrote last, as parameters of the bare statements. */
const writtenLast = async (dataSource: OwnDatabase, ids: readonly string[]): Promise<readonly Parameters[]> => {
  const pieces: Parameters[] = [];
  for (let at = 0; at < ids.length; at += perTransaction) {
    const some = ids.slice(at, at + perTransaction);
    const rows = (await dataSource.query(`SELECT id, packed AS state, digest, bytes, latest FROM document WHERE id = ANY ($1)`, [
      some,
    ])) as Record<string, unknown>[];
    pieces.push(['id', 'state', 'digest', 'bytes', 'latest'].map((column) => rows.map((row) => row[column])));
  }
  return pieces;
};

const floorTables = `
  CREATE TABLE floor_document (id text PRIMARY KEY, state text NOT NULL, digest text NOT NULL, bytes integer NOT NULL, latest text NOT NULL) WITH (fillfactor = 80);
  CREATE TABLE floor_inbox (event_id text PRIMARY KEY, sequence bigint NOT NULL, at timestamptz NOT NULL DEFAULT now());
  CREATE TABLE floor_change (position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, document text NOT NULL, hlc text NOT NULL, at timestamptz NOT NULL DEFAULT now());
  CREATE TABLE floor_vector (sequence bigint NOT NULL);
  INSERT INTO floor_vector VALUES (0);`;

/** Inbox, documents as they were and as they become, changes and position: one transaction for each piece. */
const writeFloor = async (dataSource: OwnDatabase, pieces: readonly Parameters[], round: number): Promise<void> => {
  for (const [i, [ids, states, digests, bytes, latest]] of pieces.entries())
    await inTransaction(dataSource, async (tx) => {
      const events = (ids as string[]).map((id) => `01K0000000${round}-${i}-${id}`);
      await tx.query('SELECT sequence FROM floor_vector FOR UPDATE');
      await tx.query('INSERT INTO floor_inbox (event_id, sequence) SELECT e, n FROM unnest($1::text[]) WITH ORDINALITY AS t(e, n)', [
        events,
      ]);
      await tx.query(
        'SELECT d.* FROM unnest($1::text[]) AS k(id) CROSS JOIN LATERAL (SELECT * FROM floor_document WHERE id = k.id FOR UPDATE) AS d',
        [ids],
      );
      await tx.query(
        `INSERT INTO floor_document SELECT id, state, digest, bytes, latest FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[]) AS t(id, state, digest, bytes, latest)
         ON CONFLICT (id) DO UPDATE SET state = excluded.state, digest = excluded.digest, bytes = excluded.bytes, latest = excluded.latest`,
        [ids, states, digests, bytes, latest],
      );
      await tx.query('INSERT INTO floor_change (document, hlc) SELECT * FROM unnest($1::text[], $2::text[])', [ids, latest]);
      await tx.query('UPDATE floor_vector SET sequence = sequence + $1', [(ids as string[]).length]);
    });
};

interface Cost {
  readonly node: number[];
  readonly postgres: number[];
  readonly wall: number[];
}
const cost = (): Cost => ({ node: [], postgres: [], wall: [] });

/** In µs for each of the changes. */
const measured = async <T>(into: Cost, changes: number, work: () => Promise<T>): Promise<T> => {
  const before = processorTime();
  const own = process.cpuUsage();
  const begun = performance.now();
  const result = await work();
  into.wall.push(((performance.now() - begun) * 1_000) / changes);
  const { user, system } = process.cpuUsage(own);
  into.node.push((user + system) / changes);
  into.postgres.push(((usedSince(before).get('postgres') ?? 0) * 1_000) / changes);
  return result;
};

const costs = { made: cost(), apart: cost(), concurrent: cost(), floor: cost() };
await withOwnDatabase(async (dataSource) => {
  await dataSource.query('ALTER SYSTEM SET fsync = on');
  await dataSource.query('SELECT pg_reload_conf()');
  await dataSource.query(floorTables);
  await inTransaction(dataSource, async (tx) => ensureOrigin(tx, here));
  await dataSource.query('INSERT INTO collection (name, definition) VALUES ($1, $2::jsonb)', ['items', JSON.stringify(definition)]);
  for (const origin of [peer, other]) await adoptEpoch(dataSource, origin, 1);
  const writers = { [peer]: new Writer(peer), [other]: new Writer(other) };
  const all = itemsOf(items).map(({ id, item }) => ({ id, fields: item }));
  for (let at = 0; at < items; at += perRound) {
    const some = all.slice(at, at + perRound);
    await takeIn(dataSource, peer, await inColumns(writers[peer].answer(some)));
    await writeFloor(
      dataSource,
      await writtenLast(
        dataSource,
        some.map(({ id }) => id),
      ),
      -1 - at,
    );
  }
  await dataSource.query('CHECKPOINT');
  for (let round = 0; round < rounds; round += 1) {
    const [ours, theirs] = changesOf(items, perRound, round);
    const answer = writers[peer].answer(ours);
    const frame = await measured(costs.made, perRound, async () => inColumns(answer));
    await measured(costs.apart, perRound, async () => takeIn(dataSource, peer, frame));
    const concurrent = await inColumns(writers[other].answer(theirs));
    await measured(costs.concurrent, perRound, async () => takeIn(dataSource, other, concurrent));
    const pieces = await writtenLast(
      dataSource,
      ours.map(({ id }) => id),
    );
    await measured(costs.floor, perRound, async () => writeFloor(dataSource, pieces, round));
  }
  const [{ hot, all: updates }] = (await dataSource.query(
    `SELECT pg_stat_get_tuples_hot_updated('document'::regclass) AS hot, pg_stat_get_tuples_updated('document'::regclass) AS all`,
  )) as [{ hot: string; all: string }];
  process.stdout.write(`of ${updates} updates of documents ${hot} left the indexes as they were\n`);
});

const floor = 'the bare statements';
const rowsOfCost = (subject: string, { node, postgres, wall }: Cost): Measurement[] =>
  (
    [
      ['processor time of Node', node],
      ['processor time of PostgreSQL', postgres],
      ['from begin to end', wall],
    ] as const
  ).map(([metric, samples]) => ({ subject, metric, unit: 'µs/change', samples, ...(subject === floor ? {} : { peer: floor }) }));
report('taking-in', 'npm run bench:taking-in', [
  ...rowsOfCost('an answer made of columns', costs.made),
  ...rowsOfCost('changes of one region', costs.apart),
  ...rowsOfCost('changes that others made too', costs.concurrent),
  ...rowsOfCost(floor, costs.floor),
]);
process.exit(0);
