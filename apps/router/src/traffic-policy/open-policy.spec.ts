import type { StampRoute, TenantRoute } from '@lapidary/contracts/directory';
import { OpenPolicy } from './open-policy.js';

const stamp: StampRoute = { kind: 'stamp', stamp: 'eu-1', region: 'eu', status: 'active', epoch: 1, frontDoors: ['http://a', 'http://b'] };
const tenant: TenantRoute = { kind: 'tenant', tenant: 'acme', region: 'eu', status: 'placed', stamp: 'eu-1', epoch: 1, hosts: [] };
const none: ReadonlySet<string> = new Set();

describe('a policy without limits', () => {
  it('front doors take turns; one that has just failed is passed over for two seconds', () => {
    const policy = new OpenPolicy();
    const next = (nowMs: number): unknown => policy.choose(stamp, none, nowMs);
    expect([next(0), next(0), next(0)]).toEqual(['http://a', 'http://b', 'http://a']);
    policy.attempted('eu-1', 'http://b', 'unreachable', 1, 0);
    expect([next(0), next(1_999)]).toEqual(['http://a', 'http://a']);
    expect([next(2_000), next(2_000)].sort()).toEqual(['http://a', 'http://b']);
  });

  it('with all front doors just failed one is tried all the same', () => {
    const policy = new OpenPolicy();
    for (const door of stamp.frontDoors) policy.attempted('eu-1', door, 'unreachable', 1, 0);
    expect(policy.choose(stamp, none, 1)).toMatch(/^http/);
  });

  it('a front door that this request has tried is not tried again', () => {
    const policy = new OpenPolicy();
    expect(policy.choose(stamp, new Set(['http://a']), 0)).toBe('http://b');
    expect(policy.choose(stamp, new Set(stamp.frontDoors), 0)).toMatchObject({ code: 'stamp_unavailable' });
    expect(policy.choose({ ...stamp, frontDoors: [] }, none, 0)).toMatchObject({ code: 'stamp_unavailable' });
  });

  it('what it foresees is what it then does', () => {
    const policy = new OpenPolicy();
    for (let i = 0; i < 5; i += 1) expect(policy.foresee(tenant, stamp, 0).door).toBe(policy.choose(stamp, none, 0));
  });
});
