import { LimitsDocumentSchema } from '@lapidary/contracts/limits';
import { stampRoute, tenantRoute } from '../../routes.fixture.js';
import { RouterPolicy } from '../router-policy.js';
import { budgetTickMs } from '../shared-budget/budget.js';
import { createPolicyMemory } from './policy-memory.js';
import { sharedState } from './policy-state.js';

const stamp = stampRoute({ frontDoors: ['http://10.0.0.1:8080'] });
const acme = tenantRoute({ tenant: 'acme' });
const burst = 30;
const token = { kind: 'token_bucket', perSecond: 10, burst };
const window = { kind: 'fixed_window', max: 12, windowSeconds: 3_600 };
const demand = { tenant: {}, stamp: {}, global: {} };

/** Three workers of one process; their clock is the test's. */
const processOf = (limits: readonly object[], global: readonly object[] = []) => {
  const memory = createPolicyMemory(3);
  const family = 'r1/process/';
  const policies = Array.from({ length: 3 }, (_, i) => {
    const policy = new RouterPolicy({ router: `${family}${i}`, family, state: sharedState(memory, i) });
    policy.limitBy(LimitsDocumentSchema.parse({ tiers: { standard: { priority: 0, limits } }, global: { limits: global } }));
    policy.budget.begin(3);
    return policy;
  });
  let nowMs = performance.now();
  const tick = (isConnected = true): void => {
    nowMs += budgetTickMs;
    policies.forEach((policy, i) => {
      const report = policy.budget.tick(isConnected, nowMs);
      if (report) policies.forEach((other, j) => i !== j && other.budget.hear(report, nowMs));
    });
  };
  const ask = (times: number): string[] =>
    Array.from({ length: times }, (_, i) => {
      const policy = policies[i % 3]!;
      const admission = policy.admit(acme, stamp, nowMs);
      if (admission === 'go') policy.release(acme, stamp);
      return typeof admission === 'string' ? admission : admission.kind;
    });
  const pass = (ms: number): void => void (nowMs += ms);
  return { policies, tick, pass, admitted: (times: number) => ask(times).filter((said) => said === 'go').length, now: () => nowMs };
};
const settle = ({ tick }: ReturnType<typeof processOf>, isConnected = true): void => {
  for (let i = 0; i < 5; i += 1) tick(isConnected);
};

describe('the workers of a process that knows of no other router (P-TH3)', () => {
  it.each([
    ['with NATS', true],
    ['without', false],
  ])('draw from one bucket %s: a whole burst, wherever it comes, and then the rate', (_, isConnected) => {
    const one = processOf([token]);
    settle(one, isConnected);
    const [first] = one.policies as [RouterPolicy];
    // All of it at one worker: no share of a third.
    const atOne = Array.from({ length: 25 }, () => first.admit(acme, stamp, one.now())).filter((said) => said === 'go').length;
    expect(atOne).toBe(25);
    expect(one.admitted(90)).toBe(burst - 25);
    one.pass(1_000);
    expect(one.admitted(90)).toBe(10);
    expect(first.foresee(acme, stamp, one.now()).admission).toMatchObject({ code: 'rate_limited' });
  });

  it('share out by demand what is no rate: a window’s count is in no single word', () => {
    const one = processOf([window]);
    settle(one);
    expect(one.admitted(90)).toBeLessThanOrEqual(12 + 3);
  });

  it('have shares again as soon as one hears another router, with nothing to begin with; and one bucket when it has gone', () => {
    const one = processOf([token]);
    settle(one);
    expect(one.admitted(90)).toBe(burst);
    const other = { router: 'r2/elsewhere', leaving: false, demand };
    for (const policy of one.policies) policy.budget.hear(other, one.now());
    // One each may always do.
    expect(one.admitted(90)).toBeLessThanOrEqual(3);
    one.pass(2_000);
    for (const policy of one.policies) policy.budget.hear(other, one.now());
    const byShares = one.admitted(90);
    expect(byShares).toBeGreaterThan(3);
    expect(byShares).toBeLessThanOrEqual(20 + 3);
    for (const policy of one.policies) policy.budget.hear({ ...other, leaving: true }, one.now());
    expect(one.admitted(90)).toBeLessThanOrEqual(burst);
    one.pass(1_000);
    expect(one.admitted(90)).toBe(10);
  });

  it('whoever finds that others have taken the last meanwhile is refused, and holds nothing', () => {
    const one = processOf([token]);
    settle(one);
    const [first, second] = one.policies as [RouterPolicy, RouterPolicy];
    expect(one.admitted(burst - 1)).toBe(burst - 1);
    const { compartment } = first.stampState(stamp);
    const enter = compartment.enter.bind(compartment);
    // Behind the look at the limits, before one is counted.
    compartment.enter = (priority) => {
      expect(second.admit(acme, stamp, one.now())).toBe('go');
      return enter(priority);
    };
    expect(first.admit(acme, stamp, one.now())).toMatchObject({ kind: 'refused', code: 'rate_limited', retryAfterSeconds: 1 });
    expect(compartment.ours.inFlight).toBe(0);
    second.release(acme, stamp);
    expect(compartment.inFlight).toBe(0);
  });

  it('a limit of all routers that has no room refuses whoever it is, and gives back the place that was taken', () => {
    const one = processOf([token], [{ kind: 'token_bucket', perSecond: 1, burst: 5 }]);
    settle(one);
    expect(one.admitted(90)).toBe(5);
    expect(one.policies[0]!.stampState(stamp).compartment.inFlight).toBe(0);
  });
});
