import type { ServerResponse } from 'node:http';
import { GivenUpRegionSchema, type GivenUpStanding, type VoidGivenUp } from '@lapidary/contracts/api/given-up-regions';
import { RegionPageSchema } from '@lapidary/contracts/api/regions';
import { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import type { SeenRequest } from '@lapidary/testing/fake-fleet';
import { aRegion } from '@lapidary/testing/fleet-fixtures';
import { formats } from './output/output.js';
import { expectForm } from './test/expect-form.js';
import { run, type Ran } from './test/run-stampctl.js';

const at = '2026-11-01T10:00:00.000Z';
const givenUp = { id: '01', region: 'us', successor: 'eu', declaredIn: 'eu', by: 'token:ops', reason: 'flood', at };

const link = { state: 'cut' as const, appliedSequence: 118, lagMs: null, cutSince: at };
let plane: FakeControlPlane;
let standing: GivenUpStanding | undefined;
let notGivenUp: VoidGivenUp | undefined;
const ctl = (...argv: string[]): Promise<Ran> => run(argv, { env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token } });
const posted = () => plane.seen.filter((r) => r.method === 'POST').map((r) => [r.path, r.body]);
const answer = ({ method, path }: SeenRequest, response: ServerResponse): boolean => {
  const body =
    method === 'POST' && path === '/v1/regions/us/give-up'
      ? GivenUpRegionSchema.parse(givenUp)
      : path === '/v1/regions'
        ? RegionPageSchema.parse({ items: [aRegion({ name: 'us', link, givenUp: standing, notGivenUp })], next: null })
        : null;
  if (body === null) return false;
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  return true;
};

beforeEach(async () => {
  notGivenUp = undefined;
  standing = { ...givenUp, state: 'agreed', waitingFor: ['ap'], returnedAt: null };
  plane = await new FakeControlPlane().up();
  plane.intercept = answer;
});
afterEach(async () => plane.down());

const said = ['regions', 'give-up', 'us', '--successor', 'eu', '--reason', 'flood'];

test('regions give-up prints every form, and the table fits 80 columns', async () => {
  for (const form of formats) expectForm(await ctl(...said, '--yes', '-o', form), form);
});

test('it asks for the name, for a successor and for a reason, and sends nothing without a yes', async () => {
  expect((await ctl(...said)).err).toContain('--yes');
  expect((await ctl('regions', 'give-up', 'us', '--reason', 'flood', '--yes')).err).toContain('--successor is missing');
  expect((await ctl('regions', 'give-up', 'us', '--successor', 'eu', '--yes')).err).toContain('--reason is missing');
  expect(posted()).toEqual([]);
  expect((await ctl(...said, '--yes')).out).toContain('token:ops');
  expect(posted()).toEqual([['/v1/regions/us/give-up', { successor: 'eu', reason: 'flood' }]]);
});

test('regions ls says for whom it waits, and then who has its tenants', async () => {
  expect((await ctl('regions', 'ls')).out).toMatch(/being given up[^]*waits for ap/);
  standing = { ...standing!, state: 'inherited', waitingFor: [] };
  expect((await ctl('regions', 'ls')).out).toContain('eu has its tenants');
});

test('regions ls says how far each had heard it, what stays unused and that it is back, within 80 columns whatever the reason', async () => {
  const heard = [
    { region: 'ap', epoch: 2, sequence: 118 },
    { region: 'eu', epoch: 2, sequence: 120 },
  ];
  const reason = 'the halls of both providers are under water and nobody expects them back. '.repeat(3);
  standing = { ...standing!, reason, waitingFor: ['ap', 'sa'], heard, unsettled: ['ap'], returnedAt: at };
  const { out } = await ctl('regions', 'ls');
  for (const said of [
    'being given up',
    'waits for ap, sa',
    'eu had heard its log up to event 120 of epoch 2',
    'stay unused',
    'not believed: stop it',
  ])
    expect(out.replace(/\s+/g, ' ')).toContain(said);
  expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);
});

test('regions ls says of a decision that is void who heard the region, and how to make it again', async () => {
  standing = undefined;
  notGivenUp = { ...givenUp, objectors: ['ap'] };
  const { out } = await ctl('regions', 'ls');
  expect(out.replace(/\s+/g, ' ')).toContain('which is void: ap heard it after that');
  expect(out.replace(/\s+/g, ' ')).toContain('stampctl regions give-up us --successor eu');
});
