import type { ServerResponse } from 'node:http';
import {
  GivenUpRolloutSchema,
  RolloutEventsSchema,
  RolloutPageSchema,
  RolloutPlanSchema,
  RolloutPolicySchema,
  RolloutSchema,
  VersionSkewSchema,
  type RolloutView,
} from '@lapidary/contracts/api/rollouts';
import { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import type { SeenRequest } from '@lapidary/testing/fake-fleet';
import type { z } from 'zod';
import { formats } from './output/output.js';
import { expectForm } from './test/expect-form.js';
import { run, type Ran } from './test/run-stampctl.js';

const id = 'eu.01K0000000000000000000000A';
const at = '2026-11-01T10:00:00.000Z';
const check = {
  measure: 'errors' as const,
  outcome: 'fail' as const,
  why: '25 % of 2040 requests fail, 0.1 % of 3060 in the control group',
  changed: 0.25,
  control: 0.001,
  samples: { changed: 2_040, control: 3_060 },
  probability: 1e-9,
};
const rolloutOf = (more: Partial<RolloutView> = {}): RolloutView =>
  RolloutSchema.parse({
    id,
    region: 'eu',
    status: 'running',
    statusReason: null,
    kind: 'workload',
    target: '0.2.0',
    base: '0.1.0',
    regions: ['eu', 'us'],
    policy: RolloutPolicySchema.parse({}),
    reason: 'faster carts',
    requestedBy: 'token:ops',
    waves: [
      {
        name: 'canary',
        ring: 'canary',
        status: 'passed',
        approval: false,
        approvedBy: null,
        startedAt: at,
        finishedAt: at,
        checks: [],
        verdict: { outcome: 'passed', at, why: 'every check passed', checks: [] },
      },
      {
        name: 'early',
        ring: 'early',
        status: 'soaking',
        approval: false,
        approvedBy: null,
        startedAt: at,
        finishedAt: null,
        checks: [check],
        verdict: null,
      },
    ],
    stamps: [
      { stamp: 'eu-1', region: 'eu', wave: 'canary', status: 'passed', fromVersion: '0.1.0', job: null, changedAt: at, message: null },
      { stamp: 'us-1', region: 'us', wave: 'early', status: 'failed', fromVersion: '0.1.0', job: id, changedAt: at, message: check.why },
    ],
    version: 3,
    createdAt: at,
    updatedAt: at,
    finishedAt: null,
    ...more,
  });

let plane: FakeControlPlane;
let present: RolloutView;
/** What the fake answers to the third question about it and after. */
let later: RolloutView | null;
let shown: number;
let versions: string[];

const answer = (request: SeenRequest, response: ServerResponse): boolean => {
  const send = <T>(schema: z.ZodType<T>, value: T, status = 200): true => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(schema.parse(value)));
    return true;
  };
  const { method, path, query } = request;
  if (path === '/v1/versions') {
    return send(
      VersionSkewSchema,
      VersionSkewSchema.parse({ workload: versions.map((version, i) => ({ version, stamps: [`eu-${i + 1}`] })), template: [] }),
    );
  }
  if (!path.startsWith('/v1/rollouts')) return false;
  if (path.endsWith('/events')) {
    const lines = [{ sequence: 1, at, level: 'error' as const, wave: 'early', stamp: 'us-1', message: 'is worse' }];
    return send(RolloutEventsSchema, { items: lines.filter((l) => l.sequence > Number(query.get('after'))) });
  }
  if (method === 'POST' && query.get('dryRun') === 'true') {
    const waves = [{ name: 'canary', approval: true, stamps: ['eu-1'] }];
    return send(
      RolloutPlanSchema,
      RolloutPlanSchema.parse({
        kind: 'workload',
        target: '0.2.0',
        base: '0.1.0',
        policy: present.policy,
        waves,
        skipped: [],
        warnings: ['no control group'],
      }),
    );
  }
  if (path.endsWith('/give-up')) return send(GivenUpRolloutSchema, { rollout: id, region: 'us', by: 'token:ops', reason: 'flood', at });
  if (method === 'POST') return send(RolloutSchema, present, path === '/v1/rollouts' ? 201 : 200);
  if (path === '/v1/rollouts') return send(RolloutPageSchema, { items: [present], next: null });
  return send(RolloutSchema, later !== null && ++shown > 2 ? later : present);
};

beforeEach(async () => {
  present = rolloutOf();
  later = null;
  shown = 0;
  versions = ['0.1.0'];
  plane = await new FakeControlPlane().up();
  plane.intercept = answer;
});
afterEach(async () => plane.down());
const ctl = (...argv: string[]): Promise<Ran> => run(argv, { env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token } });
const posted = (): [string, unknown][] => plane.seen.filter((s) => s.method === 'POST').map((s) => [s.path, s.body]);

const everyForm: [string, string[]][] = [
  ['rollout start', ['rollout', 'start', '--workload', '0.2.0']],
  ['rollout start --dry-run', ['rollout', 'start', '--workload', '0.2.0', '--dry-run']],
  ['rollout status', ['rollout', 'status']],
  ['rollout ls', ['rollout', 'ls']],
  ['rollout pause', ['rollout', 'pause']],
  ['rollout rollback', ['rollout', 'rollback', id, '--yes']],
  ['rollout give-up', ['rollout', 'give-up', id, '--yes']],
  ['rollout versions', ['rollout', 'versions']],
];
test.each(everyForm)('%s prints every form, and the table fits 80 columns', async (_, argv) => {
  for (const form of formats) expectForm(await ctl(...argv, '-o', form), form);
});

test('giving up asks for the id, sends the reason, and nothing without a yes', async () => {
  const refused = await ctl('rollout', 'give-up', id);
  expect(refused.exit).not.toBe(0);
  expect(posted()).toEqual([]);
  expect((await ctl('rollout', 'give-up', id, '--reason', 'flood', '--yes')).out).toContain('token:ops');
  expect(posted()).toEqual([[`/v1/rollouts/${id}/give-up`, { reason: 'flood' }]]);
});

test('without a name, a roll-out that was given up is not the one under way', async () => {
  present = rolloutOf({ givenUp: { rollout: id, region: 'us', by: 'token:ops', reason: null, at } });
  expect((await ctl('rollout', 'ls')).out).toContain('given up');
});

test('status tells the checks with their figures, and which stamp is in trouble', async () => {
  const { out } = await ctl('rollout', 'status');
  for (const text of ['0.2.0', 'canary', 'passed', '1 failed', '25 % of 2040 requests', 'us-1']) expect(out).toContain(text);
});

test('start sends what was typed, and nothing that was not', async () => {
  await ctl(
    'rollout',
    'start',
    '--workload',
    '0.2.0',
    '--soak',
    '30m',
    '--failures',
    '1',
    '--set',
    'requestsMin=500',
    '--set',
    'whenUnjudged=pass',
    '--reason',
    'why',
  );
  expect(posted()).toEqual([
    [
      '/v1/rollouts',
      {
        workload: { version: '0.2.0' },
        reason: 'why',
        policy: { soakSeconds: 1_800, failuresMax: 1, requestsMin: 500, whenUnjudged: 'pass' },
      },
    ],
  ]);
});

test('--approve marks the rings, and only those', async () => {
  await ctl('rollout', 'start', '--workload', '0.2.0', '--approve', 'early,broad');
  expect((posted()[0]![1] as { policy: { waves: unknown[] } }).policy.waves).toMatchObject([
    { ring: 'canary', approval: false },
    { ring: 'early', approval: true },
    { ring: 'broad', approval: true },
    { ring: 'broad', approval: true },
  ]);
});

test.each([
  ['nothing to roll out', ['rollout', 'start']],
  ['two things', ['rollout', 'start', '--workload', '1', '--template', '1']],
  ['a ring that is not there', ['rollout', 'start', '--workload', '1', '--approve', 'late']],
  ['a figure that is not there', ['rollout', 'start', '--workload', '1', '--set', 'soak=1']],
  ['a share above one', ['rollout', 'start', '--workload', '1', '--set', 'errorShareMax=7']],
  ['no roll-out id', ['rollout', 'status', 'latest']],
])('%s is a usage error, and nothing is sent', async (_, argv) => {
  expect(await ctl(...argv)).toMatchObject({ exit: 2, out: '' });
  expect(posted()).toEqual([]);
});

test('--watch follows to the end; one that is halted ends with 1 and its reason', async () => {
  later = rolloutOf({ status: 'halted', statusReason: 'wave early failed: us-1 is worse' });
  const ran = await ctl('rollout', 'status', id, '--watch');
  expect(ran.exit).toBe(1);
  expect(ran.err).toContain('early/us-1: is worse');
  expect(ran.err).toContain('rollout_halted');
  later = rolloutOf({ status: 'completed' });
  expect(await ctl('rollout', 'status', id, '--watch')).toMatchObject({ exit: 0 });
});

test('rollback asks by name where nobody said yes', async () => {
  expect(await ctl('rollout', 'rollback', id)).toMatchObject({ exit: 2 });
  expect(posted()).toEqual([]);
  await ctl('rollout', 'rollback', id, '--yes', '--reason', 'not good enough');
  expect(posted()).toEqual([[`/v1/rollouts/${id}/rollback`, { reason: 'not good enough' }]]);
});

test('two versions in the fleet end with 7', async () => {
  versions = ['0.1.0', '0.2.0'];
  expect(await ctl('rollout', 'versions')).toMatchObject({ exit: 7 });
});
