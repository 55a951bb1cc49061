import { jest } from '@jest/globals';
import fc from 'fast-check';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { profiles } from '@lapidary/contracts/stamp-spec';
import { containsSecret } from '../engine/property-values.js';
import { costClassOf } from '../policy/cost-classes.js';
import { evaluateStack } from '../policy/evaluate.js';
import { types } from '../policy/resource-types.js';
import { isTaggable } from '../policy/taggable.js';
import { goldenText, label, ofType, renderSpec } from '../testing/render-stack.js';
import { euFacts, specOf } from '../testing/specs.js';
import type { GraphResource } from '../testing/synthesize.js';
import { controlPlaneAddresses, stampAddresses, stampsPerRegionMax, zones } from './aws/address-plan.js';
import { policyFactsOf } from './policy-facts.js';
import { monthlyCostOf } from './prices.js';
import { isStateful } from './stateful.js';
import '../testing/no-stack-traces.js';

/** The first of a file loads the SDK; on a busy machine that takes seconds. */
jest.setTimeout(180_000);

const usFacts = { jurisdiction: 'us', awsRegion: 'us-east-1' };
const custom = (graph: readonly GraphResource[]): readonly GraphResource[] => graph.filter((r) => r.custom);

describe.each(profiles)('the aws target in profile %s', (profile) => {
  const spec = specOf({ profile });
  let graph: readonly GraphResource[];
  beforeAll(async () => {
    ({ graph } = await renderSpec(spec));
  });

  test('renders the graph that is written down', async () => {
    const file = join(import.meta.dirname, 'golden', `stamp-${profile}.json`);
    const text = goldenText(graph);
    // To accept a wanted change: UPDATE_GOLDEN=1 with this test, then read the difference in review.
    if (process.env['UPDATE_GOLDEN']) await writeFile(file, text);
    expect(JSON.parse(text)).toEqual(JSON.parse(await readFile(file, 'utf8')));
  });

  test('breaks no mandatory policy, in production and elsewhere, and costs no more than its class may', async () => {
    for (const environment of ['production', 'test'] as const) {
      const facts = { ...euFacts, environment };
      const rendered = environment === 'production' ? graph : (await renderSpec(spec, facts)).graph;
      expect(evaluateStack(custom(rendered), policyFactsOf(spec, facts))).toEqual([]);
    }
    const cost = monthlyCostOf(custom(graph));
    expect(cost?.usd).toBeGreaterThan(100);
    expect(cost?.usd).toBeLessThan(costClassOf[profile].monthlyUsdMax);
  });

  test('all that can be tagged says whose it is, and goes through the stamp’s own provider', () => {
    const tagOf = (r: GraphResource): unknown => (r.inputs['tags'] as { stamp?: string } | undefined)?.stamp;
    expect(
      custom(graph)
        .filter((r) => isTaggable(r.type) && tagOf(r) !== 'eu-2')
        .map(label),
    ).toEqual([]);
    expect(
      custom(graph)
        .filter((r) => r.type.startsWith('aws:') && !r.provider.includes('::eu-2-aws::'))
        .map(label),
    ).toEqual([]);
  });

  test('what holds data is protected, until protection is lifted to take the stamp down', async () => {
    const stateful = custom(graph).filter((r) => isStateful(r.type));
    expect(new Set(stateful.map((r) => r.type))).toEqual(new Set([types.database, types.cache, types.fileSystem, types.key, types.secret]));
    expect(stateful.filter((r) => !r.protect).map(label)).toEqual([]);
    const lifted = await renderSpec(spec, euFacts, { unprotected: true });
    expect(lifted.graph.filter((r) => r.protect).map(label)).toEqual([]);
    expect(ofType(lifted.graph, types.database)[0]?.inputs).toMatchObject({ deletionProtection: false, skipFinalSnapshot: false });
    expect(evaluateStack(custom(lifted.graph), policyFactsOf(spec, euFacts, true))).toEqual([]);
  });

  test('no secret is plain: what was generated is marked wherever it is used', () => {
    const holders = custom(graph).filter((r) => containsSecret(r.inputs));
    expect(new Set(holders.map((r) => r.type))).toEqual(new Set([types.secretVersion, types.cache]));
    const generated = ofType(graph, types.secretVersion).map((r) => (r.inputs['secretString'] as { value: string }).value);
    expect(new Set(generated).size).toBe(3);
    const others = JSON.stringify(custom(graph).filter((r) => !holders.includes(r)));
    for (const text of [...generated, 'a nats password']) expect(others).not.toContain(text);
    expect(goldenText(graph)).not.toContain(generated[0]);
  });

  test('database, cache and files are where nothing but the stamp reaches them', () => {
    const dataTable = graph.find((r) => r.name === 'eu-2-data' && r.type.endsWith(':RouteTable'));
    expect(dataTable?.inputs['routes']).toEqual([]);
    for (const group of ofType(graph, types.securityGroup)) expect(JSON.stringify(group.inputs['ingress'])).not.toContain('0.0.0.0/0');
    expect(ofType(graph, types.loadBalancer)).toMatchObject([{ inputs: { internal: true } }]);
  });

  test('every alarm wakes somebody, and says what it means', () => {
    const alarms = ofType(graph, 'aws:cloudwatch/metricAlarm:MetricAlarm');
    expect(alarms.length).toBeGreaterThan(10);
    for (const { inputs } of alarms) {
      expect(inputs['alarmActions']).toHaveLength(1);
      expect(String(inputs['alarmDescription']).length).toBeGreaterThan(20);
    }
    expect(ofType(graph, 'aws:budgets/budget:Budget')[0]?.inputs['limitAmount']).toBe(String(costClassOf[profile].monthlyUsdMax));
  });
});

test('a stamp outside of its jurisdiction is refused (I3)', async () => {
  const spec = specOf();
  const facts = { jurisdiction: 'eu', awsRegion: 'us-east-1' };
  const { graph } = await renderSpec(spec, facts);
  const findings = evaluateStack(custom(graph), policyFactsOf(spec, facts));
  expect(findings.filter((f) => f.rule === 'allowed-regions' && f.level === 'mandatory').length).toBeGreaterThan(50);
});

describe('addresses', () => {
  test('of a fleet of 40 stamps and two control planes do not overlap, and subnets lie inside their network', async () => {
    const fleet = Array.from({ length: 40 }, (_, i) => {
      const [region, facts] = i % 2 === 0 ? (['eu', euFacts] as const) : (['us', usFacts] as const);
      return { name: `${region}-${(i >> 1) + 1}`, region, facts };
    });
    const plans = fleet.map(({ name, facts }) => stampAddresses(name, facts.awsRegion));
    const all = [...plans, controlPlaneAddresses('eu-west-1'), controlPlaneAddresses('us-east-1')].map((p) => rangeOf(p.vpc));
    expect(overlapping(all)).toEqual([]);
    // Rendering all of them shows no more than the first and the last.
    for (const i of [0, 39]) {
      const { name, region, facts } = fleet[i]!;
      const { graph } = await renderSpec(specOf({ name, region, profile: 'large' }), facts);
      const vpc = rangeOf(ofType(graph, 'aws:ec2/vpc:Vpc')[0]!.inputs['cidrBlock'] as string);
      expect(vpc).toEqual(rangeOf(plans[i]!.vpc));
      const subnets = ofType(graph, types.subnet).map((s) => rangeOf(s.inputs['cidrBlock'] as string));
      expect(subnets).toHaveLength(9);
      expect(subnets.every((s) => s.from >= vpc.from && s.to <= vpc.to)).toBe(true);
      expect(overlapping(subnets)).toEqual([]);
    }
  });

  test('are never given twice, to stamps, zones and tiers alike, and refused where there is no room', () => {
    const place = fc.record({
      region: fc.constantFrom('eu-west-1', 'us-east-1', 'ap-southeast-3'),
      n: fc.integer({ min: 1, max: stampsPerRegionMax }),
    });
    fc.assert(
      fc.property(place, place, (a, b) => {
        const [x, y] = [a, b].map((p) => rangeOf(stampAddresses(`r-${p.n}`, p.region).vpc));
        const same = a.region === b.region && a.n === b.n;
        return same || x!.to < y!.from || y!.to < x!.from;
      }),
    );
    const plan = stampAddresses('eu-1', 'eu-west-1');
    const tiers = zones.flatMap((zone) => Object.values(plan.zones[zone]).map((cidr) => rangeOf(String(cidr))));
    expect(overlapping(tiers)).toEqual([]);
    expect(() => stampAddresses(`eu-${stampsPerRegionMax + 1}`, 'eu-west-1')).toThrow('room for 127');
    expect(() => stampAddresses('eu-1', 'mars-north-1')).toThrow('no place in the address plan');
  });
});

const rangeOf = (cidr: string): { from: number; to: number } => {
  const [address = '', bits = ''] = cidr.split('/');
  const from = address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  return { from, to: from + 2 ** (32 - Number(bits)) - 1 };
};

const overlapping = (ranges: readonly { from: number; to: number }[]): unknown[] => {
  const sorted = ranges.toSorted((a, b) => a.from - b.from);
  return sorted.filter((range, i) => i > 0 && range.from <= sorted[i - 1]!.to);
};
