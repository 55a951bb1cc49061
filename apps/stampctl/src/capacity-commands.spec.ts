import { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import { anOutlook } from '@lapidary/testing/fleet-fixtures';
import { AppError } from '@lapidary/kernel/app-error';
import { refuse } from '@lapidary/testing/fake-control-plane';
import { run, type Ran } from './test/run-stampctl.js';

let plane: FakeControlPlane;
const ctl = (...argv: string[]): Promise<Ran> => run(argv, { env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token } });

const due = anOutlook({
  region: 'us',
  verdict: {
    action: 'suggest',
    trigger: 'pending',
    blockedBy: null,
    stamp: 'us-2',
    isolation: 'dedicated',
    reason: '12 dedicated tenants of 120 units wait for room that is not there, which takes more than a line to say in full',
  },
});
const decision = {
  ...due.verdict,
  id: `us.${'0'.repeat(26)}`,
  region: 'us',
  mode: 'suggest' as const,
  figures: due.figures,
  job: null,
  decidedAt: new Date().toISOString(),
  lastSeenAt: new Date().toISOString(),
  looks: 7,
};

beforeEach(async () => {
  plane = await new FakeControlPlane().up();
  plane.capacity.set('us', due);
  plane.capacityDecisions.push(decision);
});
afterEach(async () => plane.down());

describe.each([
  ['ls', ['capacity', 'ls']],
  ['explain', ['capacity', 'explain', 'us']],
])('capacity %s', (_, argv) => {
  test('-o json is one JSON value, yaml says the same, a table fits 80 columns', async () => {
    const json = await ctl(...argv, '-o', 'json');
    expect(json.exit).toBe(0);
    expect(JSON.parse(json.out)).toBeInstanceOf(Object);
    expect((await ctl(...argv, '-o', 'yaml')).exit).toBe(0);
    const { out } = await ctl(...argv);
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});

test('ls tells for every region whether another stamp is due', async () => {
  const { out } = await ctl('capacity', 'ls');
  expect(out).toMatch(/eu +suggest +1\/10 +60\/100 +60 % +0 +enough/);
  expect(out).toMatch(/us .*suggest: pending/);
});

test('P-ST9: a region that cannot be reached is named as missing, and the others are shown (exit 1)', async () => {
  plane.intercept = (request, response) => {
    if (request.path !== '/v1/capacity/us') return false;
    refuse(response, new AppError('region_unreachable', 'Region us cannot be reached from region eu'));
    return true;
  };
  const { exit, out, err } = await ctl('capacity', 'ls', '-o', 'json', '--timeout', '20s');
  expect(exit).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ items: [{ region: 'eu' }], missing: [{ region: 'us', code: 'region_unreachable' }] });
  expect(err).toContain('us is missing');
});

test('explain gives every number, what was decided before, and the command that builds it', async () => {
  const { out, err } = await ctl('capacity', 'explain', 'us');
  expect(out).toContain('12 dedicated tenants of 120 units wait');
  expect(out).toContain('(7 looks)');
  expect(out).toContain('90 min (from 3 builds)');
  expect(err).toContain('stampctl provision us-2 --isolation dedicated');
  expect((await ctl('capacity', 'explain', 'mars')).exit).toBe(4);
});
