import { AppError } from '@lapidary/kernel/app-error';
import { unknownForm } from '../../digests/peer-digests.js';
import type { Compared, ComparedDomain } from '../../digests/compare-peer.js';
import type { StampSpec } from '@lapidary/contracts/stamp-spec';
import { digestOf } from '@lapidary/kernel/canonical-json';
import type { Look } from '../difference.js';
import type { Desired, DriftFacts, StampFacts, World } from '../drift-facts.js';
import { resourceDifference } from './resource.js';
import type { PlacementFacts } from '../placement-facts.js';
import { dataDigestSensor } from './data-digest.js';
import { placementSensor } from './placement.js';
import { commonValue, ringSiblingSensor, siblingDifferences } from './ring-sibling.js';
import type { Sensor } from './sensor.js';
import { specDifferences, specSensor } from './spec.js';
import { templateDifferences } from './template.js';
import { noUpkeep } from '../upkeep-facts.js';
import { versionSensor } from './version.js';

const specOf = (name: string, more: Partial<StampSpec> = {}): StampSpec => ({
  name: name as StampSpec['name'],
  region: 'eu' as StampSpec['region'],
  driver: 'local',
  profile: 'small',
  ring: 'broad',
  isolation: 'pooled',
  capacity: { units: 50 },
  workload: { version: '1' },
  labels: {},
  ...more,
});

const stampOf = (name: string, more: Partial<StampFacts> = {}, spec = specOf(name)): StampFacts => ({
  name,
  region: 'eu',
  status: 'active',
  ring: spec.ring,
  profile: spec.profile,
  isolation: spec.isolation,
  driver: spec.driver,
  capacityUnits: spec.capacity.units,
  labels: spec.labels,
  spec,
  specDigest: digestOf(spec),
  graphDigest: 'g',
  templateVersion: '1.0.0',
  workloadVersion: '1',
  observedWorkloadVersion: '1',
  inProgress: null,
  generation: '1',
  ...more,
});

const wanted = (spec: StampSpec): Desired => ({
  ok: true,
  spec,
  regionFacts: { jurisdiction: 'eu', awsRegion: 'eu-west-1' },
  templateVersion: null,
});
const factsOf = (stamps: StampFacts[], more: Partial<DriftFacts> = {}): DriftFacts => ({
  region: 'eu',
  stamps: stamps.filter((s) => s.region === 'eu'),
  fleet: stamps,
  desired: new Map(stamps.map((s) => [s.name, wanted(specOf(s.name))])),
  placement: { outside: [], crowded: [], standing: [] },
  upkeep: noUpkeep,
  routes: { entries: [] },
  schema: { own: { wire: {}, migrations: [], tables: {} }, knownMigrations: [] },
  plantedStamps: [],
  rolloutOpen: false,
  defaultOwner: 'platform',
  ...more,
});

const noWorld = {} as World;
const input = { signal: new AbortController().signal, nonce: 'n', isOfOneStamp: false };
const lookOnce = async (sensor: Sensor, facts: DriftFacts): Promise<Look> => {
  const looks: Look[] = [];
  for await (const look of sensor.look({ facts, world: noWorld, ...input })) looks.push(look);
  expect(looks).toHaveLength(1);
  return looks[0]!;
};

describe('sensor "spec": the row against the files (P-ST4)', () => {
  it('a row as its files say is in order', () => expect(specDifferences(stampOf('eu-1'), wanted(specOf('eu-1')))).toEqual([]));

  it.each([
    ['a column changed by hand', stampOf('eu-1', { ring: 'canary' }), [['ring', 'broad', 'canary']]],
    ['room added by hand', stampOf('eu-1', { capacityUnits: 500 }), [['capacity.units', 50, 500]]],
    ['a label added by hand', stampOf('eu-1', { labels: { a: 'b' } }), [['labels.a', null, 'b']]],
    [
      'the stored spec changed by hand, and not its digest',
      stampOf('eu-1', { spec: specOf('eu-1', { profile: 'large' }) }),
      [
        ['spec.profile', 'small', 'large'],
        ['specDigest', digestOf(specOf('eu-1', { profile: 'large' })), digestOf(specOf('eu-1'))],
      ],
    ],
    [
      'built from an older file: columns and stored spec agree and are told once',
      stampOf('eu-1', {}, specOf('eu-1', { profile: 'large', workload: { version: '0' } })),
      [
        ['profile', 'small', 'large'],
        ['workload.version', '1', '0'],
      ],
    ],
  ])('%s', (_, stamp, expected) => {
    expect(specDifferences(stamp, wanted(specOf('eu-1'))).map((d) => [d.path, d.expected, d.observed])).toEqual(expected);
  });

  it('a file that is not valid is itself what differs', () => {
    expect(specDifferences(stampOf('eu-1'), { ok: false, code: 'spec_invalid', message: 'eu-1.yaml: ring' })).toEqual([
      { path: 'file', expected: 'a valid spec', observed: 'spec_invalid: eu-1.yaml: ring' },
    ]);
  });

  it('a label "owner" says whose the finding is', async () => {
    const look = await lookOnce(specSensor, factsOf([stampOf('eu-1', { labels: { owner: 'shop' } }), stampOf('eu-2', { ring: 'early' })]));
    expect(look.differences.map((d) => [d.subject, d.owner])).toEqual([
      ['stamp/eu-1', 'shop'],
      ['stamp/eu-2', 'platform'],
    ]);
  });

  it('what is being changed or is not built is skipped with the reason; what is retired is in order', async () => {
    const look = await lookOnce(
      specSensor,
      factsOf([
        stampOf('eu-1', { inProgress: 'job x is under way', ring: 'early' }),
        stampOf('eu-2', { status: 'failed', ring: 'early' }),
        stampOf('eu-3', { status: 'retired', ring: 'early' }),
        stampOf('eu-4'),
      ]),
    );
    expect(look).toMatchObject({
      looked: ['stamp/eu-4', 'stamp/eu-3'],
      skipped: [
        { subject: 'stamp/eu-1', why: 'job x is under way', isFault: false },
        { subject: 'stamp/eu-2', why: 'is failed', isFault: false },
      ],
      differences: [],
    });
  });
});

describe('sensor "version": what runs against what was activated (P-ST8)', () => {
  it('tells a workload of another version, and leaves alone whom it does not hear', async () => {
    const look = await lookOnce(
      versionSensor,
      factsOf([stampOf('eu-1'), stampOf('eu-2', { observedWorkloadVersion: '0.9' }), stampOf('eu-3', { observedWorkloadVersion: null })]),
    );
    expect(look.looked).toEqual(['stamp/eu-1', 'stamp/eu-2']);
    expect(look.skipped).toMatchObject([{ subject: 'stamp/eu-3' }]);
    expect(look.differences).toMatchObject([{ subject: 'stamp/eu-2', path: 'workload.version', expected: '1', observed: '0.9' }]);
  });
});

describe('sensor "ring-sibling"', () => {
  const three = (odd: Partial<StampFacts>): DriftFacts =>
    factsOf([stampOf('eu-1', odd), stampOf('eu-2'), stampOf('us-1', { region: 'us', spec: {} })]);

  it('the odd one of a ring is told, against the siblings of all regions', () => {
    const facts = three({ templateVersion: '0.9.0' });
    expect(siblingDifferences(facts.stamps[0]!, facts)).toMatchObject([{ path: 'templateVersion', expected: '1.0.0', observed: '0.9.0' }]);
    expect(siblingDifferences(facts.stamps[1]!, facts)).toEqual([]);
  });

  it.each([
    ['another ring', { ring: 'canary', templateVersion: '0.9.0' }],
    ['another driver', { driver: 'aws', templateVersion: '0.9.0' }],
  ])('a stamp of %s is nobody’s sibling', (_, odd) => {
    const facts = three(odd);
    expect(siblingDifferences(facts.stamps[0]!, facts)).toEqual([]);
  });

  it('what its own spec asks for is meant', () => {
    const facts = three({ profile: 'large', observedWorkloadVersion: '2', workloadVersion: '2' });
    const desired = new Map(facts.desired).set('eu-1', wanted(specOf('eu-1', { profile: 'large', workload: { version: '2' } })));
    expect(siblingDifferences(facts.stamps[0]!, facts).map((d) => d.path)).toEqual(['workload.version', 'profile']);
    expect(siblingDifferences(facts.stamps[0]!, { ...facts, desired })).toEqual([]);
  });

  it('while a roll-out goes on, versions differ on purpose; profiles don’t', () => {
    const facts = { ...three({ templateVersion: '0.9.0', profile: 'large' }), rolloutOpen: true };
    expect(siblingDifferences(facts.stamps[0]!, facts).map((d) => d.path)).toEqual(['profile']);
  });

  it('without a majority nobody is odd', () => {
    expect(commonValue(['a', 'b'])).toBeUndefined();
    expect(commonValue(['a', 'a', 'b'])).toBe('a');
    expect(commonValue([])).toBeUndefined();
    expect(
      siblingDifferences(stampOf('eu-1', { templateVersion: 'x' }), factsOf([stampOf('eu-1', { templateVersion: 'x' }), stampOf('eu-2')])),
    ).toEqual([]);
  });

  it('looks at the region’s own stamps only', async () => {
    const look = await lookOnce(ringSiblingSensor, three({}));
    expect(look.looked).toEqual(['stamp/eu-1', 'stamp/eu-2']);
  });
});

describe('sensors "template" and "resource"', () => {
  it('another version is behind; another digest at the same version is a snowflake (P-ST4)', () => {
    const now = { templateVersion: '1.0.0', graphDigest: 'g' };
    expect(templateDifferences(stampOf('eu-1'), now)).toEqual([]);
    expect(templateDifferences(stampOf('eu-1', { templateVersion: '0.9.0', graphDigest: 'h' }), now)).toMatchObject([
      { path: 'templateVersion', observed: '0.9.0', severity: 'info' },
    ]);
    expect(templateDifferences(stampOf('eu-1', { graphDigest: 'h' }), now)).toMatchObject([
      { path: 'graphDigest', expected: 'g', observed: 'h', severity: 'warning' },
    ]);
  });

  it('a resource that is gone is worse than one that differs', () => {
    const resource = { resourceType: 'lapidary:local:Database', name: 'eu-1-database' };
    expect(resourceDifference({ ...resource, path: '', expected: { name: 'x' }, observed: null })).toEqual({
      path: 'lapidary:local:Database eu-1-database',
      expected: 'there',
      observed: null,
      severity: 'critical',
    });
    expect(resourceDifference({ ...resource, path: 'connectionLimit', expected: 20, observed: 3 })).toEqual({
      path: 'lapidary:local:Database eu-1-database: connectionLimit',
      expected: 20,
      observed: 3,
      severity: 'warning',
    });
  });
});

describe('sensor "data-digest"', () => {
  const domain = (collection: string) => ({ collection, kind: 'lww' as const, audience: '' });
  const compared = (of: Partial<ComparedDomain> = {}): Compared => ({
    domains: [{ domain: domain('shop'), drifted: [], unjudged: [], moved: 0, more: false, ...of }],
    planted: 'found',
  });
  const lookWith = async (peers: Record<string, Compared | Error>, isOfOneStamp = false): Promise<Look[]> => {
    const answer = (peer: string) =>
      peers[peer] instanceof Error ? Promise.reject(peers[peer]) : Promise.resolve(peers[peer] as Compared);
    const world = { ...noWorld, peers: Object.keys(peers), comparePeer: answer };
    const looks: Look[] = [];
    for await (const look of dataDigestSensor.look({ facts: factsOf([]), world, ...input, isOfOneStamp })) looks.push(look);
    return looks;
  };

  it('tells each row with both digests, for each peer by itself', async () => {
    const drifted = [{ tenant: 'acme', id: 'd1', own: 'a', theirs: null }];
    const [us, ap] = await lookWith({ us: compared({ drifted }), ap: compared() });
    expect(us).toMatchObject({ looked: ['replica/us.shop'], planted: 'found', skipped: [] });
    expect(us!.differences).toMatchObject([{ subject: 'replica/us.shop', path: 'lww acme/d1', expected: null, observed: 'a' }]);
    expect(ap).toMatchObject({ looked: ['replica/ap.shop'], differences: [] });
  });

  it('resolves nothing of rows that could not be judged, and of a set of which not all was looked at', async () => {
    const [path, other] = ['lww acme/d1', 'lww acme/d2'];
    const judged = async (of: Partial<ComparedDomain>): Promise<unknown[]> => {
      const [look] = await lookWith({ us: compared(of) });
      expect(look).toMatchObject({ looked: [], skipped: [{ subject: 'replica/us.shop', isFault: false }] });
      const places = [path, other].map((at) => ({ subject: 'replica/us.shop', path: at }));
      return [...places, { subject: 'replica/us.gone', path }, { subject: 'replica/ap.shop', path }].map((place) => look!.judges!(place));
    };
    expect(await judged({ unjudged: [{ tenant: 'acme', id: 'd1' }] })).toEqual([false, true, true, false]);
    expect(await judged({ more: true })).toEqual([false, false, true, false]);
    expect(await judged({ moved: 1 })).toEqual([false, false, true, false]);
  });

  it('passes over a peer that is away, and takes anything else for its own fault', async () => {
    const [away, broken, rubbish] = await lookWith({ us: new AppError('not_ready', 'cut'), ap: new Error('bug'), sa: unknownForm('sa') });
    expect(away).toMatchObject({ skipped: [{ subject: 'region/us', why: 'cut', isFault: false }] });
    expect(away!.planted).toBeUndefined();
    expect(broken).toMatchObject({ skipped: [{ subject: 'region/ap', isFault: true }] });
    expect(rubbish).toMatchObject({ skipped: [{ subject: 'region/sa', isFault: true }] });
  });

  it('has nothing to do with a run over one stamp', async () => expect(await lookWith({ us: compared() }, true)).toEqual([]));
});

describe('sensor "placement"', () => {
  const planted = ['planted-n-1', 'planted-n-2'];
  const outside = (tenant: string) => ({ tenant, residency: ['eu'], stamp: 'us-1', region: 'us' });
  const facts = (more: Partial<PlacementFacts> = {}): DriftFacts =>
    factsOf([], { placement: { outside: planted.map(outside), crowded: [{ stamp: 'eu-9', tenants: planted }], standing: [], ...more } });

  it('finds a tenant outside its residency (I3), and a stamp for one tenant that has two', async () => {
    const look = await lookOnce(
      placementSensor,
      facts({
        outside: [...planted.map(outside), outside('acme')],
        crowded: [
          { stamp: 'eu-9', tenants: planted },
          { stamp: 'eu-2', tenants: ['a', 'b'] },
        ],
      }),
    );
    expect(look.planted).toBe('found');
    expect(look.differences.map((d) => [d.subject, d.path, d.expected, d.observed])).toEqual([
      ['tenant/acme', 'residency', ['eu'], 'us-1 in us'],
      ['stamp/eu-2', 'tenants', 1, ['a', 'b']],
    ]);
  });

  it('resolves what is in order again, and is blind where it misses what was planted', async () => {
    expect(await lookOnce(placementSensor, facts({ standing: ['tenant/acme'] }))).toMatchObject({
      looked: ['tenant/acme'],
      differences: [],
    });
    expect((await lookOnce(placementSensor, facts({ crowded: [] }))).planted).toBe('missed');
    expect((await lookOnce(placementSensor, facts({ outside: [outside(planted[0]!)] }))).planted).toBe('missed');
  });
});
