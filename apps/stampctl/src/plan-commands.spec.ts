import { ProvisionPlanSchema } from '@lapidary/contracts/api/provisioning';
import type { PlannedChange } from '@lapidary/contracts/provisioner-protocol';
import { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import { parse } from 'yaml';
import { run, type Ran } from './test/run-stampctl.js';

let plane: FakeControlPlane;
const ctl = (...argv: string[]): Promise<Ran> => run(argv, { env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token } });

beforeEach(async () => {
  plane = await new FakeControlPlane().up();
});
afterEach(async () => plane.down());

const change = (given: Partial<PlannedChange>): PlannedChange => ({
  op: 'update',
  resourceType: 'aws:rds/instance:Instance',
  name: 'eu-1-database',
  stateful: true,
  protected: true,
  diffs: [],
  ...given,
});
const diff = (given: Partial<PlannedChange['diffs'][number]>): PlannedChange['diffs'][number] => ({
  path: 'allocatedStorage',
  kind: 'update',
  before: 50,
  after: 200,
  unknown: false,
  forcesReplace: false,
  ...given,
});

/** One of everything that a plan can say. */
const planEverything = (): void => {
  plane.planned.set('eu-1', {
    engine: 'embedded (simulated cloud)',
    simulated: true,
    unchanged: 41,
    resources: [
      change({
        diffs: [
          diff({}),
          diff({ path: 'password', before: '[secret]', after: '[secret]' }),
          diff({ path: 'env.NODE_OPTIONS', before: '--max-old-space-size=128 --one', after: '--max-old-space-size=256 --one' }),
        ],
      }),
      change({
        op: 'replace',
        resourceType: 'aws:kms/key:Key',
        name: 'eu-1-key',
        diffs: [diff({ path: 'policy', before: 'x'.repeat(300), after: null, unknown: true, forcesReplace: true })],
      }),
      change({
        op: 'create',
        resourceType: 'aws:ec2/vpc:Vpc',
        name: 'eu-1-vpc',
        stateful: false,
        protected: false,
        diffs: [diff({ path: 'cidrBlock', kind: 'add', before: null, after: '10.0.0.0/16' })],
      }),
      change({ op: 'delete', resourceType: 'aws:ec2/eip:Eip', name: 'eu-1-nat', stateful: false, protected: false }),
    ],
    policy: [
      { rule: 'log-retention', level: 'advisory', resource: 'eu-1-logs', message: 'keeps logs for 7 days' },
      { rule: 'tags', level: 'mandatory', resource: 'eu-1-vpc', message: 'has no tag "owner"' },
    ],
    monthlyCost: { usd: 412.1, asOf: '2026-10-01', lines: [{ what: 'database db.t4g.medium', usd: 400 }] },
    approvalsNeeded: ['eu-1-key'],
  });
};

test('diff shows each resource with what changes of it, the cost, the policies and what needs an approval; exit code 7', async () => {
  planEverything();
  const { exit, out } = await ctl('diff', 'eu-1');
  expect(exit).toBe(7);
  expect(out).toContain('Simulated cloud: nothing real is asked');
  expect(out).toContain('~ eu-1-database  aws:rds:Instance  (holds data, protected)\n      ~ allocatedStorage: 50 → 200\n');
  expect(out).toContain('~ password: [secret] → [secret]');
  // Of two long values the part that differs.
  expect(out).toContain('~ env.NODE_OPTIONS: …-size=128 --one" → …-size=256 --one"\n');
  expect(out).toMatch(/± eu-1-key {2}aws:kms:Key .*\n {6}~ policy: "x+… → \(known at apply\) {2}\(forces replacement\)/);
  expect(out).toContain('+ eu-1-vpc  aws:ec2:Vpc');
  expect(out).not.toContain('cidrBlock');
  expect(out).toContain('- eu-1-nat  aws:ec2:Eip');
  expect(out).toContain('Plan: 1 to create, 1 to change, 1 to replace, 1 to delete, 41 unchanged.');
  expect(out).toContain('Estimate: $412.10 a month, at prices of 2026-10-01.');
  expect(out.indexOf('✗ refused: Policy tags')).toBeLessThan(out.indexOf('! advice: Policy log-retention'));
  expect(out).toContain('--approve-replace eu-1-key');
  expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  const wide = await ctl('diff', 'eu-1', '-o', 'wide');
  expect(wide.out).toContain('+ cidrBlock: "10.0.0.0/16"');
  expect(wide.out).toContain('$400.00  database db.t4g.medium');
});

test('the same in machine formats: nothing is left out', async () => {
  planEverything();
  const json = await ctl('diff', 'eu-1', '-o', 'json');
  expect(json.exit).toBe(7);
  expect(ProvisionPlanSchema.parse(JSON.parse(json.out)).resources).toHaveLength(4);
  expect(parse((await ctl('diff', 'eu-1', '-o', 'yaml')).out)).toMatchObject({ approvalsNeeded: ['eu-1-key'] });
  expect((await ctl('diff', 'eu-1', '-o', 'name')).out.split('\n')).toContain('eu-1-vpc');
});

test('no changes: said so, exit code 0; a dry run answers alike', async () => {
  expect(await ctl('diff', 'eu-1')).toMatchObject({ exit: 0, out: expect.stringContaining('No changes: 7 resources') as string });
  expect((await ctl('provision', 'eu-1', '--dry-run')).exit).toBe(0);
  planEverything();
  const dry = await ctl('provision', 'eu-1', '--dry-run');
  expect(dry).toMatchObject({ exit: 7, err: expect.stringContaining('nothing was changed') as string });
  expect(dry.out).toContain('± eu-1-key');
});

test('plan --all asks each region and sums up in a line per stamp', async () => {
  planEverything();
  const ran = await ctl('plan', '--all');
  expect(ran.exit).toBe(7);
  expect(ran.out).toMatch(/eu-1 +active +1 +1 +1 +1 +41 +\$412\.10 +1 refused by policy, loses data/);
  expect(ran.out).toMatch(/us-1 +active +0 +0 +0 +0 +7/);
  expect(ran.out).toContain('1 of 2 stamps would change; all together $412.10 a month, estimated.');
  expect(Math.max(...ran.out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(plane.seen.filter(({ path }) => path === '/v1/plans').map(({ body }) => body)).toEqual([{ region: 'eu' }, { region: 'us' }]);
  expect((await ctl('plan', '--all', '-o', 'name')).out.trim()).toBe('eu-1');
});

test('plan takes names too, asks only the regions they are in, and one of both must be said', async () => {
  expect((await ctl('plan', 'us-1')).exit).toBe(0);
  expect(plane.seen.filter(({ path }) => path === '/v1/plans').map(({ body }) => body)).toEqual([{ region: 'us', stamps: ['us-1'] }]);
  expect((await ctl('plan')).exit).toBe(2);
  expect((await ctl('plan', 'us-1', '--all')).exit).toBe(2);
  expect((await ctl('plan', 'nonsense')).exit).toBe(2);
});

test('an approval is sent by its name, and what needs one is told by its name', async () => {
  const ran = await ctl('provision', 'eu-2', '--no-wait', '--approve-replace', 'eu-2-key', '--approve-replace', 'eu-2-database');
  expect(ran.exit).toBe(0);
  expect(plane.seen.find(({ path }) => path.endsWith('/provision'))?.body).toEqual({ approveReplace: ['eu-2-key', 'eu-2-database'] });
});
