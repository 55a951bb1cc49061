import type { TenantRoute } from '@lapidary/contracts/directory';
import { LimitsDocumentSchema } from '@lapidary/contracts/limits';
import { stampRoute, tenantRoute } from '../../routes.fixture.js';
import { RouterPolicy } from '../router-policy.js';
import { createPolicyMemory } from './policy-memory.js';
import { sharedState } from './policy-state.js';

const stamp = stampRoute({ frontDoors: ['http://10.0.0.1:8080'] });
const [acme, other] = [tenantRoute({ tenant: 'acme' }), tenantRoute({ tenant: 'other' })];
const bucket = (burst: number): object => ({ kind: 'token_bucket', perSecond: 0.01, burst });
const nowMs = performance.now();

const limitsOf = (limits: readonly object[], global: readonly object[] = []) =>
  LimitsDocumentSchema.parse({ tiers: { standard: { priority: 0, limits } }, global: { limits: global } });

/** Two workers of one process. */
const twoWorkers = (limits: readonly object[], global: readonly object[] = []) => {
  const memory = createPolicyMemory(2);
  const [first, second] = [0, 1].map((i) => {
    const state = sharedState(memory, i);
    const policy = new RouterPolicy({ router: `r1/${i}`, family: 'r1/', state });
    policy.limitBy(limitsOf(limits, global));
    policy.budget.begin(2);
    state.buckets!.knowOthers(false);
    return { policy, buckets: state.buckets! };
  }) as [{ policy: RouterPolicy; buckets: NonNullable<ReturnType<typeof sharedState>['buckets']> }, { policy: RouterPolicy }];
  const take = first.buckets.take.bind(first.buckets);
  let meanwhile: (() => void) | null = null;
  first.buckets.take = (...args) => {
    const now = meanwhile;
    meanwhile = null;
    now?.();
    return take(...args);
  };
  /** In the midst of the first one's next admission, behind its look whether there is room, the second takes all that there is. */
  const race = (tenant: TenantRoute): void => {
    meanwhile = () => {
      while (second.policy.admit(tenant, stamp, nowMs) === 'go') second.policy.release(tenant, stamp);
    };
  };
  return { first: first.policy, race };
};

describe('a request that finds room which another worker takes the last of meanwhile', () => {
  it('is refused by the scope that has none, and has used nothing of any other', () => {
    const { first, race } = twoWorkers([bucket(9)], [bucket(3)]);
    race(other);
    expect(first.admit(acme, stamp, nowMs)).toMatchObject({ kind: 'refused', reason: expect.stringContaining('the global limit') });
    first.limitBy(limitsOf([bucket(9)]));
    expect(first.foresee(acme, stamp, nowMs).reasons.limits).toContain('9 requests left');
    expect(first.stampState(stamp).compartment.inFlight).toBe(0);
  });

  it('does not count among those under way, and neither does its end', () => {
    const atATime = { kind: 'concurrency', max: 4 };
    const { first, race } = twoWorkers([bucket(9), atATime]);
    expect(first.admit(acme, stamp, nowMs)).toBe('go');
    race(acme);
    expect(first.admit(acme, stamp, nowMs)).toMatchObject({ kind: 'refused', reason: expect.stringContaining('token bucket') });
    first.limitBy(limitsOf([atATime]));
    // Of four at a time one of two workers has two.
    expect(first.admit(acme, stamp, nowMs)).toBe('go');
    expect(first.admit(acme, stamp, nowMs)).toMatchObject({ kind: 'refused', reason: expect.stringContaining('at a time') });
  });
});
