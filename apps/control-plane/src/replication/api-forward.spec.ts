import { requestOf, waitOf, type ForwardedRequest } from './api-forward.js';

test('a forwarded request is waited for as long as it asks, and a plan as long as plans may take', () => {
  expect(waitOf('/v1/tenants')).toBe(0);
  expect(waitOf('/v1/jobs/us.1/events?wait=5')).toBe(5_000);
  expect(waitOf('/v1/tenants?wait=nonsense')).toBe(0);
  for (const url of ['/v1/plans', '/v1/stamps/us-2/plan', '/v1/stamps/us-2/provision?dryRun=true']) expect(waitOf(url)).toBe(60_000);
});

describe('who a peer may speak for (I10)', () => {
  const asked = (actor: string, more: Partial<ForwardedRequest['principal']> = {}): ForwardedRequest => ({
    from: 'us',
    method: 'POST',
    url: '/v1/tenants',
    headers: {},
    body: '{}',
    principal: { actor, bindings: [{ role: 'admin', region: '*' }], via: 'bearer', ...more },
  });
  const rollout = (region: string): string => `rollout:${region}.01JAAAAAAAAAAAAAAAAAAAAAAA`;

  test.each(['token:ann', 'token:ci bot (nightly)', rollout('us')])('%s', (actor) => {
    expect(requestOf('us', asked(actor)).principal.actor).toBe(actor);
  });

  test.each([
    'system:relay',
    'system:replication',
    'workload:eu-1',
    'agent:eu-1',
    'region:eu',
    rollout('eu'),
    rollout('ap'),
    'rollout:us',
    `${rollout('us')}x`,
    'token:',
    'token: ',
    'token:ann\nsystem:relay',
    'token:\u202enimda',
    ' token:ann',
    'TOKEN:ann',
    '',
  ])('not %j', (actor) => {
    expect(() => requestOf('us', asked(actor))).toThrow('may not speak for');
  });

  test('not a stamp, whatever it is called, and not another region', () => {
    expect(() => requestOf('us', asked('token:ann', { stamp: 'eu-1' }))).toThrow('may not speak for');
    expect(() => requestOf('ap', asked('token:ann'))).toThrow('may not speak for');
  });
});

describe('a request that nobody waits for any more', () => {
  const until = (ms: number | undefined): ForwardedRequest => ({
    from: 'us',
    method: 'POST',
    url: '/v1/stamps/eu-1/cordon',
    headers: {},
    body: '{}',
    principal: { actor: 'token:ann', bindings: [{ role: 'admin', region: '*' }], via: 'bearer' },
    ...(ms === undefined ? {} : { until: ms }),
  });
  const nowMs = 1_800_000_000_000;

  test.each([nowMs + 3_000, nowMs, nowMs - 1_000, undefined])('is not one that is waited for until %p', (ms) => {
    expect(requestOf('us', until(ms), nowMs)).toEqual(until(ms));
  });

  test('is refused, as one that lay in the queue of a process that stood still', () => {
    expect(() => requestOf('us', until(nowMs - 1_001), nowMs)).toThrow('1001 ms after region us had ceased to wait for it');
  });
});
