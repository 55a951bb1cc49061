import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CollectionBudgetsSchema } from '@lapidary/contracts/api/collections';
import type { RouterHeartbeat } from '@lapidary/contracts/router-protocol';
import { routerHeartbeat } from '@lapidary/contracts/subjects';
import { waitFor } from '@lapidary/kernel/wait-for';
import { addStamp, openDatabase, openWorld, type World as TestWorld, type WorldDatabase } from '../../test/world.js';
import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import type { TestRegion } from '../outbox/testing/test-region.js';
import type { World } from './drift-facts.js';
import { findingViewOf, listFindings } from './finding-rows.js';
import { performRun } from './perform-run.js';
import type { RunOutcome } from './run-rows.js';
import { ReplicaFleet } from './routes/replica-fleet.js';
import { upkeepSensors } from './sensors/all.js';

const defaults = `driver: local
profile: small
ring: broad
isolation: pooled
capacity: { units: 50 }
workload: { version: 0.1.0 }
labels: {}
`;

describe('what regions need of each other, and what grows where nobody looks', () => {
  let database: WorldDatabase;
  let world: TestWorld;
  let fleet: ReplicaFleet;

  const run = (): Promise<RunOutcome> => {
    const { config, dataSource, clock } = world.resources;
    const peers = { us: { natsUrl: 'nats://127.0.0.1:1', natsUser: 'u', natsPassword: 'p' } } as unknown as typeof config.LAPIDARY_PEERS;
    const outside = { peers: ['us'], routersHeard: () => Promise.resolve(fleet.heard()) } as unknown as World;
    return performRun(
      {
        config: { ...config, LAPIDARY_PEERS: peers },
        ...{ dataSource, clock, world: outside, sensors: upkeepSensors, plantedStack: { driftWith: () => Promise.resolve([]) } },
      },
      { stamp: null },
      new AbortController().signal,
    );
  };
  const found = async (): Promise<unknown[]> => {
    const outcome = await run();
    expect(outcome.sensors.map((s) => s.canary)).toEqual(upkeepSensors.map(() => 'found'));
    const findings = await listFindings(world.resources.dataSource, { state: 'open', before: null, limit: 100 });
    return findings
      .map(findingViewOf)
      .map((f) => [f.kind, f.subject, f.path, f.expected, f.observed, f.severity, f.owner])
      .sort();
  };

  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database);
    await writeFile(join(world.resources.config.LAPIDARY_STAMPS_DIR, 'defaults.yaml'), defaults);
    await addStamp(world, 'eu-1', 50);
    await world.query(
      `INSERT INTO stamp_observation (stamp, instance_id, epoch, last_heartbeat_at, front_door) VALUES ('eu-1', 'agent', 0, now() + interval '1 hour', '')`,
    );
    fleet = new ReplicaFleet(world.resources.config.LAPIDARY_REGION, world.resources.nats);
  });
  afterAll(async () => {
    fleet.close();
    await world.close();
    await database.drop();
  });
  beforeEach(async () => expect(await found()).toEqual([]));

  it('a fleet in order has no finding, and nothing that was planted is left', async () => {
    const rows = `SELECT (SELECT count(*) FROM version_vector)::int AS v, (SELECT count(*) FROM collection)::int AS c, (SELECT count(*) FROM own_knowledge)::int AS k`;
    expect(await world.query(rows)).toEqual([{ v: 0, c: 0, k: 0 }]);
  });

  it('a region without a protocol in common is critical, one of another version is told, and both are gone once it is rolled out', async () => {
    const speaks = (newest: number, oldest: number) =>
      world.query(
        `INSERT INTO version_vector (origin, epoch, sequence, protocol_speaks, protocol_hears) VALUES ('us', 1, 0, $1, $2)
         ON CONFLICT (origin) DO UPDATE SET protocol_speaks = excluded.protocol_speaks, protocol_hears = excluded.protocol_hears`,
        [newest, oldest],
      );
    await speaks(5, 4);
    expect(await found()).toEqual([['protocol', 'region/us', 'protocol', '2 to 3, as this region', '4 to 5', 'critical', 'platform']]);
    await speaks(4, 3);
    expect(await found()).toEqual([['protocol', 'region/us', 'protocol', 3, 4, 'info', 'platform']]);
    await speaks(3, 2);
    expect(await run()).toMatchObject({ resolved: 1 });
  });

  it('a collection beyond its budget is found, whoever wrote it, and is in order once the budget is raised', async () => {
    const { dataSource, clock } = world.resources;
    const collections = new CollectionRegion({ name: 'eu', dataSource, clock } as TestRegion);
    const define = (documents: number) =>
      collections.define('items', { ...definitionOf({ kind: 'lww' }), budgets: CollectionBudgetsSchema.parse({ documents }) });
    await define(1);
    for (const id of ['a', 'b']) await collections.write('items', id, { op: 'put', value: { n: 1 } });
    expect(await found()).toEqual([['budget', 'collection/items', 'documents', 1, 2, 'critical', 'platform']]);
    await define(100);
    expect(await run()).toMatchObject({ resolved: 1 });
    await world.query('DELETE FROM collection');
  });

  it('a region that holds purges back is found with when it was last heard of, and in order once it says what it knows', async () => {
    await world.query(
      `INSERT INTO own_knowledge (event, known, declared_at) VALUES ('e', '{"eu":{"epoch":1,"sequence":7}}', now() - interval '2 hours')`,
    );
    const finding = (observed: string) => [
      ...['retention', 'region/us', 'purges', 'has said that it knows what was deleted'],
      ...[observed, 'warning', 'platform'],
    ];
    expect(await found()).toEqual([finding('has never said what it knows')]);
    await world.query(
      `INSERT INTO region_knowledge (region, epoch, sequence, known, declared_at) VALUES ('us', 1, 1, '{"eu":{"epoch":1,"sequence":3}}', '2026-01-01Z')`,
    );
    await world.query(`UPDATE version_vector SET epoch = 1, sequence = 5 WHERE origin = 'us'`);
    expect(await found()).toEqual([finding('2026-01-01T00:00:00.000Z')]);
    await world.query(`UPDATE region_knowledge SET known = '{"eu":{"epoch":1,"sequence":7}}', sequence = 2`);
    expect(await run()).toMatchObject({ resolved: 1 });
    await world.query('DELETE FROM own_knowledge');
  });

  it('what came in a region’s name and was not signed by it is found, critical unless only clocks differ, and gone a quarter of an hour after the last', async () => {
    const refused = async (what: string, why: string): Promise<void> => {
      await world.query(`INSERT INTO signature_refusal (peer, what, why, times) VALUES ('us', $1, $2, 3)`, [what, why]);
    };
    const finding = (what: string, whys: string, severity: string) => [
      ...['signature', 'region/us', what, 'is signed by it', `refused within the last 15 minutes: ${whys}`, severity, 'platform'],
    ];
    await refused('events', 'wrong_signature');
    await refused('events', 'unsigned');
    await refused('request', 'stale');
    expect(await found()).toEqual([finding('events', 'unsigned, wrong_signature', 'critical'), finding('request', 'stale', 'warning')]);
    await world.query(`UPDATE signature_refusal SET last_at = now() - interval '16 minutes'`);
    expect(await run()).toMatchObject({ resolved: 2 });
    await world.query('DELETE FROM signature_refusal');
  });

  it('a tenant that is frozen beyond its end, or for long without one, is found, and in order once it is let go', async () => {
    const freeze = async (id: string, labels: Record<string, string>, changed: string): Promise<void> => {
      await world.query(
        `INSERT INTO tenant (id, home_region, status, weight, tier, hlc, labels, updated_at)
         SELECT $1, region, 'pending', 1, 'pooled', '', $2::jsonb, now() - $3::interval FROM origin`,
        [id, JSON.stringify({ traffic: 'frozen', ...labels }), changed],
      );
    };
    const at = (ms: number): Record<string, string> => ({ 'traffic-until': new Date(Date.now() + ms).toISOString() });
    await freeze('calm', at(60_000), '1 day');
    await freeze('brief', {}, '1 minute');
    const late = at(-3_600_000);
    await freeze('late', late, '1 day');
    await freeze('forgotten', {}, '2 hours');
    const findings = ((await found()) as unknown[][]).map(([kind, subject, path, , observed, severity]) => [
      kind,
      subject,
      path,
      observed,
      severity,
    ]);
    expect(findings).toEqual([
      ['freeze', 'tenant/forgotten', 'traffic', expect.stringMatching(/^frozen with no end, at least since/), 'warning'],
      ['freeze', 'tenant/late', 'traffic', `still frozen, to end at ${late['traffic-until']}`, 'warning'],
    ]);
    await world.query(`UPDATE tenant SET labels = '{}'`);
    expect(await run()).toMatchObject({ resolved: 2 });
    // The sweep may have looked for room for them meanwhile, and keeps why there was none.
    await world.query('TRUNCATE tenant CASCADE');
  });

  it('a router that follows nothing and an agent that is silent are found after a minute, not before, and gone when they are back', async () => {
    const beat = async (router: string, ageMs: number): Promise<void> => {
      const heartbeat: RouterHeartbeat = { router, atMs: Date.now(), directory: { source: 'live', cursor: 1, entries: 1, ageMs } };
      const before = Date.now();
      world.resources.nats.publishJson(routerHeartbeat(world.resources.config.LAPIDARY_REGION), heartbeat);
      await waitFor(
        'the heartbeat',
        () => fleet.heard().heard.some((r) => r.name === router && Math.abs(r.followedAtMs - (before - ageMs)) < 5_000) || undefined,
        { timeoutMs: 60_000 },
      );
    };
    const agentHeard = (seconds: number) =>
      world.query(`UPDATE stamp_observation SET last_heartbeat_at = now() - make_interval(secs => $1) WHERE stamp = 'eu-1'`, [seconds]);
    await beat('R 1', 30_000);
    await agentHeard(30);
    expect(await found()).toEqual([]);
    await beat('R 1', 90_000);
    await agentHeard(90);
    const silent = (subject: string) => [
      'replica-age',
      subject,
      'followed',
      'within 60 s',
      expect.stringMatching(/:00\.000Z$/),
      'warning',
      'platform',
    ];
    expect(await found()).toEqual([silent('agent/eu-1'), silent('router/r-1')]);
    await beat('R 1', 0);
    await agentHeard(0);
    expect(await run()).toMatchObject({ resolved: 2 });
  });
});
