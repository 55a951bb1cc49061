import { noNats, openDatabase, openWorld, otherRegion, type World, type WorldDatabase } from '../../test/world.js';
import { domainFeatures } from '../process/features.js';
import { conflictsPage, countConflicts, type ConflictsQuery } from './conflict-rows.js';
import { pruneLedger, pruneSettledLetters } from './prune-ledger.js';
import { ReplicationModule } from './replication.module.js';

/** As many as a region with a careless policy gathers in some weeks, one a second, of 5,000 documents of 50 tenants. */
const entries = 300_000;

describe('a long ledger', () => {
  let database: WorldDatabase;
  let world: World;

  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database, { features: [...domainFeatures, ReplicationModule], natsUrl: noNats });
    await world.query(
      `INSERT INTO conflict (id, policy, subject, winner, loser, cause, collection, tenant, field, detected_at)
       SELECT 'collection:' || n, 'lww', 'document/' || c || '/t' || n % 50 || '/d' || n % 5000, '{"at":"1"}', '{"at":"2"}', 'both wrote', c,
              't' || n % 50, 'f', now() - n * interval '1 second'
         FROM generate_series(1, $1::int) n, LATERAL (SELECT CASE WHEN n % 100 = 0 THEN 'rare' ELSE 'settings' END AS c) AS of_collection`,
      [entries],
    );
    await world.query(
      `INSERT INTO conflict (id, policy, subject, winner, loser, cause, detected_at)
       VALUES ('tenant-name:acme:eu:us', 'p', 'tenant/acme', '1', '2', 'c', now() - interval '5 years')`,
    );
    await world.query('VACUUM ANALYZE conflict');
  });
  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  interface Node {
    readonly 'Node Type': string;
    readonly 'Index Name'?: string;
    readonly 'Actual Rows': number;
    readonly Plans?: readonly Node[];
  }
  const nodes = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodes)];
  const planOf = async (query: Partial<ConflictsQuery>): Promise<Node[]> => {
    const { sql, values } = conflictsPage({ limit: 50, before: null, ...query });
    const [row] = await world.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(`EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`, [...values]);
    return nodes(row!['QUERY PLAN'][0].Plan);
  };
  const hoursAgo = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString();

  it.each<[string, Partial<ConflictsQuery>, string]>([
    ['the newest', {}, 'conflict_time'],
    ['what comes after a page', { before: `${hoursAgo(40).replace('Z', '000')} collection:144000` }, 'conflict_time'],
    ['an hour of long ago', { since: hoursAgo(60), until: hoursAgo(59) }, 'conflict_time'],
    ['a collection', { collection: 'rare' }, 'conflict_collection'],
    ['a tenant', { tenant: 't7' }, 'conflict_tenant'],
    ['a document', { subject: 'document/settings/t7/d7' }, 'conflict_subject'],
  ])('is read for %s by an index, and no more of it than is shown', async (_, query, index) => {
    const plan = await planOf(query);
    expect(plan.flatMap((node) => node['Index Name'] ?? [])).toEqual([index]);
    expect(Math.max(...plan.map((node) => node['Actual Rows']))).toBeLessThan(100);
  });

  it('is counted by collection', async () => {
    expect(await countConflicts(world.resources.dataSource)).toMatchObject([
      { collection: 'settings', conflicts: 297_000, subjects: 4_950 },
      { collection: 'rare', conflicts: 3_000, subjects: 50 },
      { collection: null, conflicts: 1, subjects: 1 },
    ]);
  });

  it('is read from where a page ended, and a cursor of nobody’s is refused', async () => {
    const seen: unknown[] = [];
    for (let cursor = ''; seen.length < 9;) {
      const { body } = await world.ask('GET', `/v1/conflicts?limit=3${cursor}`);
      seen.push(...body.items!.map((c) => c['id']));
      cursor = `&cursor=${String(body['next'])}`;
    }
    expect(seen).toEqual(Array.from({ length: 9 }, (_, i) => `collection:${i + 1}`));
    const rubbish = Buffer.from(JSON.stringify(['yesterday'])).toString('base64url');
    expect((await world.ask('GET', `/v1/conflicts?cursor=${rubbish}`)).status).toBe(400);
  });

  it('ends where its retention does, however much that is; names stay', async () => {
    await world.query(`UPDATE conflict SET detected_at = detected_at - interval '60 days' WHERE right(id, 1) = '3'`);
    expect(await pruneLedger(world.resources.dataSource, 61)).toBeLessThan(30_000);
    expect(await pruneLedger(world.resources.dataSource, 60)).toBeGreaterThan(1);
    const left = await world.query<{ count: number }>(`SELECT count(*)::int AS count FROM conflict`);
    expect(left).toEqual([{ count: entries - entries / 10 + 1 }]);
    expect(await world.query(`SELECT id FROM conflict WHERE collection IS NULL`)).toEqual([{ id: 'tenant-name:acme:eu:us' }]);
    expect(await pruneLedger(world.resources.dataSource, 60)).toBe(0);
  });

  it('letters that are settled end with it; those that are open or wait behind one stay', async () => {
    await world.query(
      `INSERT INTO dead_letter (id, origin, epoch, sequence, type, subject, event, error, state, parked_at, settled_at, settled_by)
       SELECT 'l-' || state || '-' || days, $1, 1, row_number() OVER (), 't', 's', '{}', 'e', state, now() - interval '400 days',
              CASE WHEN state IN ('open', 'waiting') THEN NULL ELSE now() - make_interval(days => days) END, 'test'
         FROM unnest(ARRAY['open', 'waiting', 'replayed', 'superseded', 'dropped', 'refused']) AS state, unnest(ARRAY[364, 366]) AS days`,
      [otherRegion],
    );
    expect(await pruneSettledLetters(world.resources.dataSource, 365)).toBe(4);
    const left = await world.query<{ id: string }>('SELECT id FROM dead_letter ORDER BY id');
    expect(left.map(({ id }) => id)).toEqual(
      ['dropped-364', 'open-364', 'open-366', 'refused-364', 'replayed-364', 'superseded-364', 'waiting-364', 'waiting-366'].map(
        (id) => `l-${id}`,
      ),
    );
  });
});
