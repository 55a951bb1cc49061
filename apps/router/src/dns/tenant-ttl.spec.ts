import { stampRoute, tenantRoute } from '../routes.fixture.js';
import { tenantTtlSeconds, type TtlFacts } from './tenant-ttl.js';

const tenant = tenantRoute();
const stamp = stampRoute({ frontDoors: [] });
const ttl = (ageSeconds: number, over: Partial<TtlFacts> = {}): number =>
  tenantTtlSeconds({ tenant, stamp, changedAtMs: 0, nowMs: ageSeconds * 1000, isLive: true, ttlMaxSeconds: 60, ...over });

describe('how long a resolver may keep where a tenant is', () => {
  it.each([
    [0, 5],
    [50, 5],
    [120, 12],
    [599, 59],
    [600, 60],
    [1_000_000, 60],
    [-30, 5],
  ])('%s s after its last change: %s s', (age, seconds) => expect(ttl(age)).toBe(seconds));

  it('is the least while anything is unsettled', () => {
    expect(ttl(1_000, { isLive: false })).toBe(5);
    expect(ttl(1_000, { tenant: { ...tenant, status: 'suspended' } })).toBe(5);
    expect(ttl(1_000, { stamp: { ...stamp, status: 'retiring' } })).toBe(5);
    expect(ttl(1_000, { stamp: undefined })).toBe(5);
  });
});
