import type { ServerResponse } from 'node:http';
import { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import type { SeenRequest } from '@lapidary/testing/fake-fleet';
import { aJob } from '@lapidary/testing/fleet-fixtures';
import { run, type Ran } from './test/run-stampctl.js';

let plane: FakeControlPlane;
const ctl = (...argv: string[]): Promise<Ran> => run(argv, { env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token } });

const cutOff = (cut: string) => (request: SeenRequest, response: ServerResponse) => {
  if (request.query.get('region') !== cut) return false;
  const problem = {
    type: '/x',
    title: 't',
    status: 503,
    detail: `${cut} is cut off`,
    code: 'region_unreachable',
    check: 'c',
    retry: false,
  };
  response.writeHead(503, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
  return true;
};
const jobIn = (region: string, minute: number): string => {
  const job = aJob({
    id: `${region}.01K0000000000000000000${minute}00`,
    region,
    createdAt: `2026-11-01T10:${minute}:00.000Z`,
    status: 'succeeded',
  });
  plane.jobs.set(job.id, job);
  return job.id;
};

beforeEach(async () => {
  plane = await new FakeControlPlane().up();
});
afterEach(async () => plane.down());

test('jobs of all regions are one list, the newest first, of which no more are shown than are asked for', async () => {
  const [first, second, third] = [jobIn('eu', 10), jobIn('us', 20), jobIn('eu', 30)];
  expect((await ctl('jobs', 'ls', '-o', 'name')).out.trim().split('\n')).toEqual([third, second, first]);
  const two = await ctl('jobs', 'ls', '-n', '2', '-o', 'json');
  expect(JSON.parse(two.out)).toMatchObject({ items: [{ id: third }, { id: second }], missing: [], more: true });
  expect(two.exit).toBe(0);
  expect((await ctl('jobs', 'ls', '--region', 'us', '-o', 'name')).out.trim()).toBe(second);
});

test.each([
  ['jobs ls', ['jobs', 'ls']],
  ['jobs dead-letters ls', ['jobs', 'dead-letters', 'ls']],
  ['dlq ls', ['dlq', 'ls']],
  ['intents ls', ['intents', 'ls']],
  ['audit ls', ['audit', 'ls']],
])('%s names the region that is missing, and does not end as if nothing were there', async (_, argv) => {
  const cut = cutOff('us');
  plane.intercept = (request, response) => {
    if (cut(request, response)) return true;
    if (request.path === '/v1/regions') return false;
    return Boolean(response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ items: [], next: null })));
  };
  const ran = await ctl(...argv, '-o', 'json');
  expect(ran).toMatchObject({ exit: 1, err: expect.stringContaining('us is missing from this list') as string });
  expect(JSON.parse(ran.out)).toMatchObject({ items: [], missing: [{ region: 'us' }] });
  const only = await ctl(...argv, '--region', 'eu', '-o', 'json');
  expect(only.exit).toBe(0);
});

test('a region that never started, and one that is lost and given up, have nothing to tell; one that retired its last stamp has', async () => {
  const declaredAt = '2026-11-01T10:00:00.000Z';
  const lost = {
    ...{
      id: '01K00000000000000000000001',
      region: 'us',
      successor: 'eu',
      declaredIn: 'eu',
      by: 'token:admin',
      reason: 'burnt',
      at: declaredAt,
    },
    ...{ state: 'inherited' as const, waitingFor: [], returnedAt: null },
  };
  const asked = (): string[] => [...new Set(plane.seen.filter((r) => r.path === '/v1/jobs').map((r) => r.query.get('region') ?? ''))];
  const link = { state: 'cut' as const, appliedSequence: 0, lagMs: null, cutSince: null };
  const at = plane.regions.findIndex(({ name }) => name === 'us');
  const us = { ...plane.regions[at]!, stamps: 0, link };
  plane.regions[at] = us;
  await ctl('jobs', 'ls');
  plane.regions[at] = { ...us, stamps: 2, givenUp: lost };
  await ctl('jobs', 'ls');
  expect(asked()).toEqual(['eu']);
  plane.regions[at] = { ...us, link: { ...link, appliedSequence: 7 } };
  await ctl('jobs', 'ls');
  expect(asked()).toEqual(['eu', 'us']);
});
