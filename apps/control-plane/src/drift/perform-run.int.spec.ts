import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FindingView } from '@lapidary/contracts/api/drift';
import type { DriftedResource } from '@lapidary/contracts/provisioner-protocol';
import { AppError } from '@lapidary/kernel/app-error';
import { addStamp, openDatabase, openWorld, type World as TestWorld, type WorldDatabase } from '../../test/world.js';
import { readVersion } from '../process/version.js';
import type { Look } from './difference.js';
import type { World } from './drift-facts.js';
import { findingViewOf, listFindings } from './finding-rows.js';
import { performRun, type RunDeps } from './perform-run.js';
import { recordLook } from './record-look.js';
import type { RunOutcome } from './run-rows.js';
import { stampSensors as sensors } from './sensors/all.js';
import { placementSensor } from './sensors/placement.js';
import { systemContext } from '../http/command-context.js';
import type { RepairDeps } from './repair-deps.js';
import { repairFindings } from './repair-findings.js';
import { routeEpochSensor } from './sensors/route-epoch.js';
import { schemaSensor } from './sensors/schema.js';
import type { Sensor } from './sensors/sensor.js';

const digest = 'b'.repeat(64);
const { templateVersion } = readVersion('.');
const defaults = `driver: local
profile: small
ring: broad
isolation: pooled
capacity: { units: 50 }
workload: { version: 0.1.0 }
labels: {}
`;
const limit: DriftedResource = { resourceType: 'lapidary:local:Database', name: 'db', path: 'connectionLimit', expected: 20, observed: 3 };

describe('a drift run', () => {
  let database: WorldDatabase;
  let world: TestWorld;
  const drifted = new Map<string, DriftedResource[] | (() => Promise<DriftedResource[]>)>();

  const outside: World = {
    render: async () => ({ templateVersion, graphDigest: digest }),
    driftedResources: async ({ name }) => {
      const found = drifted.get(name) ?? [];
      return typeof found === 'function' ? await found() : found;
    },
    peers: [],
    scrubbed: () => Promise.reject(new Error('nothing is scrubbed')),
    comparePeer: () => Promise.reject(new Error('there is no peer')),
    compareFleet: () => Promise.reject(new Error('there is no peer')),
    peerSchema: () => Promise.reject(new Error('there is no peer')),
    routeReplicas: () => Promise.resolve([]),
    routersHeard: () => Promise.resolve({ heard: [], isComplete: true }),
    compareRoutes: () => Promise.reject(new Error('there is no replica')),
  };
  const plantedStack: RunDeps['plantedStack'] = { driftWith: async (nonce) => [{ ...limit, observed: nonce }] };
  const run = (more: Partial<RunDeps> = {}, stamp: string | null = null): Promise<RunOutcome> => {
    const { config, dataSource, clock } = world.resources;
    return performRun(
      { config, dataSource, clock, world: outside, plantedStack, sensors, ...more },
      { stamp },
      new AbortController().signal,
    );
  };
  const open = async (): Promise<FindingView[]> =>
    (await listFindings(world.resources.dataSource, { state: 'open', before: null, limit: 100 })).map(findingViewOf);
  const brief = async (): Promise<unknown[]> => (await open()).map((f) => [f.kind, f.subject, f.path, f.expected, f.observed]);

  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database);
    await writeFile(join(world.resources.config.LAPIDARY_STAMPS_DIR, 'defaults.yaml'), defaults);
    for (const name of ['eu-1', 'eu-2', 'eu-3']) {
      await addStamp(world, name, 50);
      await world.query(`UPDATE stamp SET template_version = $1 WHERE name = $2`, [templateVersion, name]);
      await world.query(
        `INSERT INTO stamp_observation (stamp, instance_id, epoch, last_heartbeat_at, front_door, workload_version)
         VALUES ($1, 'agent', 0, now() + interval '1 hour', '', '0.1.0')`,
        [name],
      );
    }
  });
  afterEach(async () => {
    drifted.clear();
    await run();
    expect(await open()).toEqual([]);
  });
  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  it('an untouched fleet has no finding, and each sensor proves in each run that it is alive; nothing planted is left', async () => {
    const rows = async (): Promise<unknown> =>
      world.query(`SELECT (SELECT count(*) FROM stamp) AS stamps, (SELECT count(*) FROM stamp_observation) AS observations,
                          (SELECT count(*) FROM outbox) AS events, (SELECT count(*) FROM audit) AS audit`);
    const before = await rows();
    for (let cycle = 0; cycle < 3; cycle++) {
      const outcome = await run();
      expect(outcome).toMatchObject({ event: 'finish', appeared: 0, resolved: 0 });
      expect(outcome.sensors.map((s) => [s.kind, s.looked, s.skipped, s.differences, s.canary])).toEqual(
        sensors.map((s) => [s.kind, 3, [], 0, 'found']),
      );
    }
    expect(await open()).toEqual([]);
    expect(await rows()).toEqual(before);
  });

  it('a row changed by hand is found with path, expected and observed, and resolved once it is put right', async () => {
    await world.query(`UPDATE stamp SET ring = 'canary' WHERE name = 'eu-2'`);
    expect(await run()).toMatchObject({ appeared: 1 });
    expect(await brief()).toEqual([['spec', 'stamp/eu-2', 'ring', 'broad', 'canary']]);
    await world.query(`UPDATE stamp SET ring = 'broad' WHERE name = 'eu-2'`);
    expect(await run()).toMatchObject({ appeared: 0, resolved: 1 });
  });

  it('each kind finds its own: version, template, sibling and resource', async () => {
    await world.query(`UPDATE stamp_observation SET workload_version = '0.0.9' WHERE stamp = 'eu-1'`);
    await world.query(`UPDATE stamp SET graph_digest = 'other' WHERE name = 'eu-2'`);
    drifted.set('eu-3', [limit]);
    await run();
    expect((await brief()).sort()).toEqual([
      ['resource', 'stamp/eu-3', 'lapidary:local:Database db: connectionLimit', 20, 3],
      ['ring-sibling', 'stamp/eu-1', 'workload.version', '0.1.0', '0.0.9'],
      ['template', 'stamp/eu-2', 'graphDigest', digest, 'other'],
      ['version', 'stamp/eu-1', 'workload.version', '0.1.0', '0.0.9'],
    ]);
    await world.query(`UPDATE stamp_observation SET workload_version = '0.1.0'`);
    await world.query(`UPDATE stamp SET graph_digest = $1 WHERE name = 'eu-2'`, [digest]);
  });

  it('a run of one stamp looks at it alone', async () => {
    drifted.set('eu-1', [limit]).set('eu-2', [limit]);
    const outcome = await run({}, 'eu-2');
    expect(outcome.sensors.map((s) => s.looked)).toEqual(sensors.map(() => 1));
    expect((await open()).map((f) => f.subject)).toEqual(['stamp/eu-2']);
  });

  it('a stamp with an open job is not looked at: what stands of it stays, what is being changed is no drift', async () => {
    drifted.set('eu-1', [limit]);
    await run();
    await world.query(`INSERT INTO job (id, region, kind, subject, status, input, requested_by, request_id)
                       VALUES ('eu.1', 'eu', 'provision', 'eu-1', 'running', '{}', 'x', 'y')`);
    await world.query(`UPDATE stamp SET ring = 'canary' WHERE name = 'eu-1'`);
    drifted.clear();
    const outcome = await run();
    expect(outcome.sensors.map((s) => s.skipped)).toEqual(sensors.map(() => [{ subject: 'stamp/eu-1', why: 'job eu.1 is under way' }]));
    expect(await brief()).toMatchObject([['resource', 'stamp/eu-1', expect.anything(), 20, 3]]);
    await world.query(`UPDATE job SET status = 'succeeded'`);
    await world.query(`UPDATE stamp SET ring = 'broad' WHERE name = 'eu-1'`);
  });

  it('while a roll-out of any region goes on, versions within a ring differ on purpose', async () => {
    await world.query(`INSERT INTO rollout_replica (id, region, view, origin_sequence, created_at)
                       VALUES ('us.1', 'us', '{"status":"running","kind":"template","target":"9","regions":["eu"]}', 1, now())`);
    await world.query(`UPDATE stamp SET template_version = '0.0.1' WHERE name = 'eu-1'`);
    const outcome = await run();
    expect(outcome.sensors.every((s) => s.canary === 'found')).toBe(true);
    expect(await brief()).toEqual([['template', 'stamp/eu-1', 'templateVersion', templateVersion, '0.0.1']]);
    await world.query(`UPDATE rollout_replica SET view = jsonb_set(view, '{status}', '"completed"')`);
    await run();
    expect((await open()).map((f) => f.kind).sort()).toEqual(['ring-sibling', 'template']);
    await world.query(`DELETE FROM rollout_replica`);
    await world.query(`UPDATE stamp SET template_version = $1 WHERE name = 'eu-1'`, [templateVersion]);
  });

  it('what was changed while it was looked at is left for the next run', async () => {
    drifted.set('eu-1', async () => {
      await world.query(`UPDATE stamp SET version = version + 1 WHERE name = 'eu-1'`);
      return [limit];
    });
    const outcome = await run();
    expect(outcome.sensors.at(-1)).toMatchObject({
      kind: 'resource',
      looked: 2,
      skipped: [{ subject: 'stamp/eu-1', why: 'was changed while it was looked at' }],
    });
    expect(await open()).toEqual([]);
  });

  it('a look that fails is itself a finding, resolves nothing, and is forgotten when a look succeeds', async () => {
    drifted.set('eu-1', [limit]);
    await run();
    drifted.set('eu-1', async () => {
      throw new AppError('plan_failed', 'the state can’t be read');
    });
    drifted.set('eu-2', async () => {
      throw new AppError('plan_failed', 'another run has it', { details: { engineCode: 'locked' } });
    });
    await run();
    expect((await brief()).sort()).toEqual([
      ['resource', 'stamp/eu-1', expect.anything(), 20, 3],
      ['sensor', 'stamp/eu-1', 'resource', 'looked at', 'the state can’t be read'],
    ]);
    drifted.clear();
    await run();
  });

  it('a sensor that sees nothing, or repeats what it once saw, is told of as blind', async () => {
    const silent: Sensor = { kind: 'resource', reads: [], *look() {} };
    let memory: Look[] = [];
    const parrot: Sensor = {
      kind: 'spec',
      reads: ['desired'],
      async *look(input) {
        if (memory.length === 0) for await (const look of sensors.find((s) => s.kind === 'spec')!.look(input)) memory.push(look);
        yield* memory;
      },
    };
    expect((await run({ sensors: [parrot] })).sensors).toMatchObject([{ canary: 'found' }]);
    const outcome = await run({ sensors: [parrot, silent] });
    expect(outcome.sensors.map((s) => [s.kind, s.canary])).toEqual([
      ['spec', 'missed'],
      ['resource', 'missed'],
    ]);
    expect((await brief()).sort()).toEqual([
      ['sensor', 'sensor/resource', 'canary', 'found', 'missed'],
      ['sensor', 'sensor/spec', 'canary', 'found', 'missed'],
    ]);
    expect((await open()).every((f) => f.severity === 'critical')).toBe(true);
    memory = [];
  });

  it('what is blind stays so until it is seen to see: a run in which nothing is planted for it says nothing', async () => {
    const looking = (planted?: Look['planted']): Sensor => ({
      kind: 'data-digest',
      reads: [],
      *look() {
        const skipped = planted === 'found' ? [] : [{ subject: 'region/us', why: 'is away', isFault: false }];
        yield { kind: 'data-digest', looked: [], skipped, differences: [], planted };
      },
    });
    await run({ sensors: [looking('missed')] });
    expect(await brief()).toEqual([['sensor', 'sensor/data-digest', 'canary', 'found', 'missed']]);
    // As where no peer answers, and as in a run of one stamp.
    await run({ sensors: [looking()] });
    await run({ sensors: [looking()] }, 'eu-2');
    expect(await brief()).toEqual([['sensor', 'sensor/data-digest', 'canary', 'found', 'missed']]);
    await run({ sensors: [looking('found')] });
    expect(await brief()).toEqual([]);
  });

  it('that one sensor can’t look at a stamp is not forgotten because another one can', async () => {
    const fail = (code: 'plan_failed', more?: object) => async (): Promise<never> => {
      throw new AppError(code, 'the state can’t be read', more);
    };
    drifted.set('eu-1', fail('plan_failed'));
    await run();
    const fault = [['sensor', 'stamp/eu-1', 'resource', 'looked at', 'the state can’t be read']];
    expect(await brief()).toEqual(fault);
    // Somebody is only in the way now: nobody knows whether it could be looked at.
    drifted.set('eu-1', fail('plan_failed', { details: { engineCode: 'locked' } }));
    await run();
    await run({}, 'eu-1');
    expect(await brief()).toEqual(fault);
    drifted.clear();
    await run();
    expect(await brief()).toEqual([]);
  });

  it('a sensor that ends at an error is blind, and keeps no other from looking', async () => {
    const broken: Sensor = {
      kind: 'scrub',
      reads: [],
      *look() {
        throw new Error('something that nobody thought of');
      },
    };
    await world.query(`UPDATE stamp SET ring = 'canary' WHERE name = 'eu-2'`);
    const outcome = await run({ sensors: [broken, ...sensors] });
    expect(outcome).toMatchObject({ event: 'finish', appeared: 2 });
    expect(outcome.sensors[0]).toMatchObject({ kind: 'scrub', canary: 'missed' });
    expect((await brief()).sort()).toMatchObject([
      ['sensor', 'sensor/scrub', 'canary', 'found', expect.stringContaining('ended at an error')],
      ['spec', 'stamp/eu-2', 'ring', 'broad', 'canary'],
    ]);
    await world.query(`UPDATE stamp SET ring = 'broad' WHERE name = 'eu-2'`);
    const mended: Sensor = {
      ...broken,
      *look() {
        yield { kind: 'scrub', looked: [], skipped: [], differences: [], planted: 'found' };
      },
    };
    await run({ sensors: [mended] });
  });

  it('defaults that are not valid are found, although nothing can be planted then; the sensors are not taken for alive', async () => {
    const file = join(world.resources.config.LAPIDARY_STAMPS_DIR, 'defaults.yaml');
    await writeFile(file, defaults.replace('ring: broad', 'ring: tin'));
    const outcome = await run();
    expect(outcome.sensors.every((s) => s.canary === 'missed')).toBe(true);
    const found = await open();
    expect(found.filter((f) => f.kind === 'spec').map((f) => [f.subject, f.path])).toEqual(
      expect.arrayContaining(['eu-1', 'eu-2', 'eu-3'].map((name) => [`stamp/${name}`, 'file'])),
    );
    expect(found.find((f) => f.subject === 'sensor/spec')).toMatchObject({ observed: expect.stringContaining('defaults.yaml') as string });
    await writeFile(file, defaults);
  });

  it('two leaders at once make no finding twice, and lose none', async () => {
    drifted.set('eu-1', [limit]).set('eu-3', [limit]);
    const outcomes = await Promise.all([run(), run(), run()]);
    expect(outcomes.reduce((sum, o) => sum + o.appeared, 0)).toBe(2);
    expect((await open()).map((f) => f.subject).sort()).toEqual(['stamp/eu-1', 'stamp/eu-3']);
    expect(outcomes.flatMap((o) => o.sensors).every((s) => s.canary === 'found')).toBe(true);
  });

  it('tenants where they must not be are found by their rows, and gone when these are in order (I3)', async () => {
    await world.query(`UPDATE stamp SET isolation = 'dedicated' WHERE name = 'eu-3'`);
    for (const [id, residency] of [
      ['elsewhere', '{us}'],
      ['second', '{}'],
    ]) {
      await world.query(
        `INSERT INTO tenant (id, home_region, status, weight, tier, residency, hlc) VALUES ($1, 'eu', 'placed', 1, 'pooled', $2, '')`,
        [id, residency],
      );
      await world.query(`INSERT INTO placement (tenant, epoch, stamp, units) VALUES ($1, 1, 'eu-3', 1)`, [id]);
    }
    const outcome = await run({ sensors: [placementSensor] });
    expect(outcome.sensors).toMatchObject([{ kind: 'placement', canary: 'found', differences: 2 }]);
    expect((await brief()).sort()).toEqual([
      ['placement', 'stamp/eu-3', 'tenants', 1, ['elsewhere', 'second']],
      ['placement', 'tenant/elsewhere', 'residency', ['us'], 'eu-3 in eu'],
    ]);
    await world.query(`DELETE FROM placement WHERE tenant IN ('elsewhere', 'second')`);
    await world.query(`UPDATE stamp SET isolation = 'pooled' WHERE name = 'eu-3'`);
    expect(await run({ sensors: [placementSensor] })).toMatchObject({ resolved: 2 });
    await world.query(`DELETE FROM tenant WHERE id IN ('elsewhere', 'second')`);
  });

  it('an entry of the directory that is not what it mirrors, a migration that has not run or that nobody knows: each found, alive alone', async () => {
    const mine = [schemaSensor, routeEpochSensor];
    const alive = [
      { kind: 'schema', canary: 'found', differences: 0 },
      { kind: 'route-epoch', canary: 'found', differences: 0 },
    ];
    expect((await run({ sensors: mine })).sensors).toMatchObject(alive);
    await world.query(`UPDATE directory_entry SET body = jsonb_set(body, '{epoch}', '41') WHERE key = 'stamp/eu-2'`);
    await world.query(`DELETE FROM directory_entry WHERE key = 'stamp/eu-3'`);
    await world.query(`UPDATE migrations SET name = 'Unknown1' WHERE name LIKE 'Drift%'`);
    await run({ sensors: mine });
    expect((await brief()).sort()).toMatchObject([
      ['route-epoch', 'directory/eu', 'stamp/eu-2', { epoch: 0, status: 'active' }, { epoch: 41 }],
      ['route-epoch', 'directory/eu', 'stamp/eu-3', { epoch: 0 }, null],
      ['schema', 'region/eu', 'migration Drift1763772000009', 'applied', null],
      ['schema', 'region/eu', 'migration Unknown1', null, 'applied'],
    ]);
    await world.query(`UPDATE migrations SET name = 'Drift1763772000009' WHERE name = 'Unknown1'`);
    const { config, dataSource, nats } = world.resources;
    const region = config.LAPIDARY_REGION;
    const routes = { region, dataSource, nats, replicas: () => Promise.resolve([]) };
    const deps = { region, dataSource, links: new Map(), routes, tools: {} as RepairDeps['tools'] };
    const context = systemContext(region, 'test', 'test');
    const repair = async (dryRun: boolean) =>
      (await repairFindings(deps, context, { dryRun }, new AbortController().signal)).map((r) => r.outcome);
    expect(await repair(true)).toEqual(['restored', 'restored']);
    expect(await run({ sensors: mine })).toMatchObject({ resolved: 2 });
    expect(await repair(false)).toEqual(['restored', 'restored']);
    expect(await run({ sensors: mine })).toMatchObject({ resolved: 2, sensors: alive });
  });

  it('what stood of a region, a router or an agent that was taken out goes with it, and of one that is only silent it stays', async () => {
    const places: readonly [Look['kind'], string][] = [
      ...(['retention', 'fleet-digest'] as const).map((kind): [Look['kind'], string] => [kind, 'region/us']),
      ['data-digest', 'replica/us.orders'],
      ...(['router/gone', 'router/silent', 'agent/eu-77', 'agent/eu-1'] as const).map((subject): [Look['kind'], string] => [
        'route-epoch',
        subject,
      ]),
    ];
    for (const [kind, subject] of places)
      await world.inTx(async (tx, context) =>
        recordLook(tx, context, world.resources.clock, {
          ...{ kind, looked: [], skipped: [] },
          differences: [{ kind, subject, path: 'x', expected: 1, observed: 2, severity: 'critical', owner: 'platform' }],
        }),
      );
    const idle = (kind: Look['kind']): Sensor => ({ kind, reads: [], *look() {} });
    const used = [idle('retention'), idle('fleet-digest'), idle('data-digest'), routeEpochSensor];
    const heard = { heard: [{ name: 'silent', followedAtMs: 0 }], isComplete: true };
    const left = async (peers: readonly string[], more: Partial<typeof heard> = {}): Promise<unknown[]> => {
      await run({ sensors: used, world: { ...outside, peers, routersHeard: () => Promise.resolve({ ...heard, ...more }) } });
      return (await open())
        .filter((f) => f.path === 'x')
        .map((f) => f.subject)
        .sort();
    };
    // A process that has just begun to listen knows of no router that it was taken out.
    expect(await left(['us'], { isComplete: false })).toEqual(
      ['agent/eu-1', 'region/us', 'region/us', 'replica/us.orders', 'router/gone', 'router/silent'].sort(),
    );
    expect(await left(['us'])).toEqual(['agent/eu-1', 'region/us', 'region/us', 'replica/us.orders', 'router/silent']);
    expect(await left([])).toEqual(['agent/eu-1', 'router/silent']);
    await world.query(`UPDATE drift_finding SET resolved_at = now() WHERE path = 'x' AND resolved_at IS NULL`);
  });

  it('a stamp that is retired takes its findings with it', async () => {
    drifted.set('eu-1', [limit]);
    await run();
    await world.query(`UPDATE stamp SET status = 'retired' WHERE name = 'eu-1'`);
    expect(await run()).toMatchObject({ resolved: 1 });
    await world.query(`UPDATE stamp SET status = 'active' WHERE name = 'eu-1'`);
  });
});
