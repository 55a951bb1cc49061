import * as pulumi from '@pulumi/pulumi';
import fc from 'fast-check';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { profiles, type StampSpec } from '@lapidary/contracts/stamp-spec';
import { containsSecret, type PropertyMap } from '../engine/property-values.js';
import { synthesize, type GraphResource } from '../testing/synthesize.js';
import { addressPlan, stampsPerRegionMax } from './aws/address-plan.js';
import type { StampInputs } from './stamp-inputs.js';
import { projectName } from './stamp-template.js';
import { templateVersion } from './template-version.js';
import { renderStamp, type StampProgramOutputs } from './stamp.js';

Error.stackTraceLimit = 0;

const goldenFile = join(import.meta.dirname, 'aws-graph.golden.json');

const specOf = (overrides: Partial<StampSpec> = {}): StampSpec => ({
  name: 'eu-2',
  region: 'eu',
  driver: 'aws',
  profile: 'small',
  ring: 'broad',
  isolation: 'pooled',
  capacity: { units: 50 },
  workload: { version: '1.2.3' },
  labels: {},
  ...overrides,
});

const localFacts = { postgresServer: '127.0.0.1:5432', natsUrl: 'nats://127.0.0.1:4222', natsUser: 'agent', processDir: '/processes' };

const render = async (spec: StampSpec, awsRegion = 'eu-west-1'): Promise<{ graph: readonly GraphResource[]; digest: string }> => {
  let outputs: StampProgramOutputs | undefined;
  const graph = await synthesize(projectName, spec.name, async () => {
    const natsPassword = pulumi.secret('a nats password');
    const inputs: StampInputs = {
      spec,
      region: { jurisdiction: 'eu', awsRegion },
      local: spec.driver === 'local' ? localFacts : undefined,
      natsPassword,
    };
    outputs = await renderStamp(inputs);
    return { ...outputs };
  });
  return { graph: graph.filter((r) => r.type !== 'pulumi:pulumi:Stack'), digest: outputs?.graphDigest as string };
};

const custom = (graph: readonly GraphResource[]): readonly GraphResource[] => graph.filter((r) => r.custom);
const ofType = (graph: readonly GraphResource[], type: string): readonly GraphResource[] => graph.filter((r) => r.type === type);
const label = (r: GraphResource): string => `${r.type} ${r.name}`;

/** AWS gives these no tags. */
const untaggable = new Set([
  'aws:ec2/routeTableAssociation:RouteTableAssociation',
  'aws:kms/alias:Alias',
  'aws:iam/rolePolicy:RolePolicy',
  'aws:iam/rolePolicyAttachment:RolePolicyAttachment',
  'aws:secretsmanager/secretVersion:SecretVersion',
  'pulumi:providers:aws',
]);

describe('the aws target', () => {
  test('renders the graph that is written down', async () => {
    const { graph } = await render(specOf());
    const counts: Record<string, number> = {};
    for (const r of graph) counts[r.type] = (counts[r.type] ?? 0) + 1;
    const rendered = { types: Object.fromEntries(Object.entries(counts).sort()), tree: treeOf(graph) };
    // To accept a wanted change: UPDATE_GOLDEN=1 with this test, then read the difference in review.
    if (process.env['UPDATE_GOLDEN']) await writeFile(goldenFile, `${JSON.stringify(rendered, null, 2)}\n`);
    expect(rendered).toEqual(JSON.parse(await readFile(goldenFile, 'utf8')));
  });

  test('in every profile: all that can be tagged says whose it is, and goes through the stamp’s own provider', async () => {
    for (const profile of profiles) {
      const { graph } = await render(specOf({ profile }));
      const untagged = custom(graph).filter(
        (r) => !untaggable.has(r.type) && (r.inputs['tags'] as PropertyMap | undefined)?.['stamp'] !== 'eu-2',
      );
      expect(untagged.map(label)).toEqual([]);
      expect(
        custom(graph)
          .filter((r) => r.type.startsWith('aws:') && !r.provider.includes('::eu-2-aws::'))
          .map(label),
      ).toEqual([]);
    }
  });

  test('what holds data is encrypted, kept in two zones, backed up, not public, and protected', async () => {
    const { graph } = await render(specOf());
    const [database] = ofType(graph, 'aws:rds/instance:Instance');
    expect(database).toMatchObject({
      protect: true,
      inputs: {
        storageEncrypted: true,
        multiAz: true,
        publiclyAccessible: false,
        deletionProtection: true,
        skipFinalSnapshot: false,
        backupRetentionPeriod: 14,
        manageMasterUserPassword: true,
      },
    });
    expect(ofType(graph, 'aws:kms/key:Key')).toMatchObject([{ protect: true, inputs: { enableKeyRotation: true } }]);
    for (const logs of ofType(graph, 'aws:cloudwatch/logGroup:LogGroup')) expect(logs.inputs['retentionInDays']).toBeGreaterThanOrEqual(90);
    expect(new Set(ofType(graph, 'aws:ec2/subnet:Subnet').map((s) => s.inputs['availabilityZone']))).toEqual(
      new Set(['eu-west-1a', 'eu-west-1b']),
    );
  });

  test('nothing lets the whole world in, and the front door is internal', async () => {
    const { graph } = await render(specOf());
    for (const group of ofType(graph, 'aws:ec2/securityGroup:SecurityGroup'))
      expect(JSON.stringify(group.inputs['ingress'])).not.toContain('0.0.0.0/0');
    expect(ofType(graph, 'aws:lb/loadBalancer:LoadBalancer')).toMatchObject([{ inputs: { internal: true } }]);
  });

  test('no secret is plain: what an invoke made is marked, and no other input is one', async () => {
    const { graph } = await render(specOf());
    const holders = custom(graph).filter((r) => containsSecret(r.inputs));
    expect(holders.map((r) => r.type)).toEqual(['aws:secretsmanager/secretVersion:SecretVersion']);
    const others = custom(graph).filter((r) => !holders.includes(r));
    expect(JSON.stringify(others)).not.toMatch(/made-by-an-invoke|a nats password/);
  });

  test('the private addresses of a fleet of 40 stamps do not overlap, and subnets lie inside their network', async () => {
    const fleet = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? (['eu', 'eu-west-1'] as const) : (['us', 'us-east-1'] as const)));
    const names = fleet.map(([region], i) => `${region}-${(i >> 1) + 1}`);
    expect(overlapping(names.map((name, i) => rangeOf(addressPlan(name, fleet[i]![1]).vpc)))).toEqual([]);
    // Rendering all of them shows no more than the first and the last.
    for (const i of [0, 39]) {
      const { graph } = await render(specOf({ name: names[i]!, region: fleet[i]![0] }), fleet[i]![1]);
      const vpc = rangeOf(ofType(graph, 'aws:ec2/vpc:Vpc')[0]!.inputs['cidrBlock'] as string);
      expect(vpc).toEqual(rangeOf(addressPlan(names[i]!, fleet[i]![1]).vpc));
      const subnets = ofType(graph, 'aws:ec2/subnet:Subnet').map((s) => rangeOf(s.inputs['cidrBlock'] as string));
      expect(subnets.every((s) => s.from >= vpc.from && s.to <= vpc.to)).toBe(true);
      expect(overlapping(subnets)).toEqual([]);
    }
  });

  test('the address plan never gives one address twice, and refuses what it has no room for', () => {
    const place = fc.record({
      region: fc.constantFrom('eu-west-1', 'us-east-1', 'ap-southeast-3'),
      n: fc.integer({ min: 1, max: stampsPerRegionMax }),
    });
    fc.assert(
      fc.property(place, place, (a, b) => {
        const [x, y] = [a, b].map((p) => rangeOf(addressPlan(`r-${p.n}`, p.region).vpc));
        const same = a.region === b.region && a.n === b.n;
        return same || x!.to < y!.from || y!.to < x!.from;
      }),
    );
    expect(() => addressPlan(`eu-${stampsPerRegionMax + 1}`, 'eu-west-1')).toThrow('room for 128');
    expect(() => addressPlan('eu-1', 'mars-north-1')).toThrow('no place in the address plan');
  });
});

describe('the local target', () => {
  test('renders the same tree: network, data, compute', async () => {
    const { graph } = await render(specOf({ driver: 'local' }));
    expect(treeOf(graph)).toEqual({
      'lapidary:stamp:Stamp eu-2': ['Compute eu-2-compute', 'Data eu-2-data', 'Network eu-2-network'],
      'lapidary:stamp:Network eu-2-network': ['Port eu-2-front-door', 'Port eu-2-workload'],
      'lapidary:stamp:Data eu-2-data': ['Database eu-2-database', 'Secret eu-2-database-password'],
      'lapidary:stamp:Compute eu-2-compute': ['Process eu-2-agent', 'Process eu-2-storefront', 'Secret eu-2-agent-token'],
    });
  });
});

test('the template’s version is that of its package, which the control plane reports', async () => {
  const manifest = JSON.parse(await readFile(join(import.meta.dirname, '..', 'package.json'), 'utf8')) as { version: string };
  expect(manifest.version).toBe(templateVersion);
});

describe('the digest of the graph', () => {
  test('is equal for equal specs and differs with anything that is rendered', async () => {
    for (const driver of ['aws', 'local'] as const) {
      const { digest } = await render(specOf({ driver }));
      expect((await render(specOf({ driver }))).digest).toBe(digest);
      expect((await render(specOf({ driver, profile: 'large' }))).digest).not.toBe(digest);
      expect((await render(specOf({ driver, workload: { version: '2' } }))).digest).not.toBe(digest);
      // Capacity is the control plane's business: it renders nothing.
      expect((await render(specOf({ driver, capacity: { units: 7 } }))).digest).toBe(digest);
    }
  });
});

const treeOf = (graph: readonly GraphResource[]): Record<string, string[]> => {
  const tree: Record<string, string[]> = {};
  for (const component of graph.filter((r) => !r.custom)) {
    const children = graph.filter((r) => r.parent === component.name && r !== component);
    tree[label(component)] = children.map((r) => `${r.type.split(':').at(-1)} ${r.name}`).sort();
  }
  return tree;
};

const rangeOf = (cidr: string): { from: number; to: number } => {
  const [address = '', bits = ''] = cidr.split('/');
  const from = address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  return { from, to: from + 2 ** (32 - Number(bits)) - 1 };
};

const overlapping = (ranges: readonly { from: number; to: number }[]): unknown[] => {
  const sorted = ranges.toSorted((a, b) => a.from - b.from);
  return sorted.filter((range, i) => i > 0 && range.from <= sorted[i - 1]!.to);
};
