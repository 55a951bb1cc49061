import fc from 'fast-check';
import { Budget, budgetTickMs, leaseMs, type BudgetParts } from './budget.js';

const parts = (): BudgetParts => ({ onGrown: () => undefined, isSibling: () => false, onCompany: () => undefined });
import type { BudgetReport } from '@lapidary/contracts/router-protocol';

interface Step {
  /** Requests for the one key at each router since its last tick. */
  readonly wanted: readonly number[];
  /** Which routers tick, in which order. */
  readonly order: readonly number[];
}

const key = 'acme';
const worldOf = (routers: number) => {
  const budgets = Array.from({ length: routers }, (_, i) => new Budget(`r${i}`, parts()));
  let nowMs = 0;
  const sum = (): number => budgets.reduce((total, budget) => total + budget.scopes.tenant.shareOf(key), 0);
  const tick = (router: number, deliverTo: (peer: number) => boolean = () => true): BudgetReport | null => {
    const report = budgets[router]!.tick(true, nowMs);
    if (report) budgets.forEach((peer, i) => i !== router && deliverTo(i) && peer.hear(report, nowMs));
    return report;
  };
  const round = (wanted: readonly number[], order = [...budgets.keys()]): void => {
    wanted.forEach((count, i) => {
      for (let n = 0; n < count; n += 1) budgets[i]!.scopes.tenant.wanted(key);
    });
    for (const router of order) {
      nowMs += budgetTickMs / routers;
      tick(router);
    }
  };
  const settle = (): void => {
    for (let i = 0; i < 4; i += 1) round(budgets.map(() => 0));
  };
  const pass = (ms: number): number => (nowMs += ms);
  return { budgets, sum, tick, round, settle, pass };
};

describe('the shares of one bound (P-TH3)', () => {
  const routers = 4;
  const step: fc.Arbitrary<Step> = fc.record({
    wanted: fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 300 })), { minLength: routers, maxLength: routers }),
    order: fc.constantFrom([0, 1, 2, 3]),
  });

  it('never sum to more than one, however demand jumps, while reports arrive within a tick', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const world = worldOf(routers);
        world.settle();
        for (const { wanted, order } of steps) {
          world.round(wanted, [...order]);
          expect(world.sum()).toBeLessThanOrEqual(1 + 1e-9 + routers * 0.01);
        }
      }),
    );
  });

  it('follow demand within a second: three of four of it, three of four of the nine tenths that are divided by demand', () => {
    const world = worldOf(2);
    world.settle();
    for (let i = 0; i < 8; i += 1) world.round([300, 100]);
    const [first, second] = world.budgets.map((budget) => budget.scopes.tenant.shareOf(key));
    expect(first).toBeCloseTo(0.05 + 0.9 * 0.75, 1);
    expect(second).toBeCloseTo(0.05 + 0.9 * 0.25, 1);
  });

  it('where all demand is at one router, it holds nearly all, and the others enough to begin', () => {
    const world = worldOf(3);
    world.settle();
    for (let i = 0; i < 8; i += 1) world.round([300, 0, 0]);
    expect(world.budgets.map((budget) => budget.scopes.tenant.shareOf(key))).toEqual([
      expect.closeTo(0.933, 2),
      expect.closeTo(0.033, 2),
      expect.closeTo(0.033, 2),
    ]);
  });

  it('a router that comes takes no more than a part at first, and one that leaves gives its own back', () => {
    const world = worldOf(2);
    const [one, two] = world.budgets as [Budget, Budget];
    for (let i = 0; i < 4; i += 1) world.tick(0, () => false);
    expect(two.scopes.tenant.shareOf(key)).toBe(1);
    two.tick(true, world.pass(0));
    expect(two.scopes.tenant.shareOf(key)).toBe(0.5);
    world.settle();
    expect(world.sum()).toBe(1);
    one.hear({ router: 'r1', leaving: true, demand: { tenant: {}, stamp: {}, global: {} } }, world.pass(budgetTickMs));
    one.tick(true, world.pass(budgetTickMs));
    expect(one.scopes.tenant.shareOf(key)).toBe(1);
  });

  it('a silent router keeps its part for the lease, and none of the others grows meanwhile', () => {
    const world = worldOf(2);
    const [one] = world.budgets as [Budget];
    world.settle();
    for (let i = 0; i < 8; i += 1) world.round([50, 150]);
    const before = one.scopes.tenant.shareOf(key);
    for (let passed = 0; passed < leaseMs - budgetTickMs; passed += budgetTickMs) {
      for (let n = 0; n < 500; n += 1) one.scopes.tenant.wanted(key);
      world.pass(budgetTickMs);
      world.tick(0, () => false);
      // In the first two ticks it is still fresh, and what it told last may still move the shares.
      if (passed > 3 * budgetTickMs) expect(one.scopes.tenant.shareOf(key)).toBeLessThanOrEqual(Math.max(before, 0.75));
    }
    for (let i = 0; i < 4; i += 1) {
      for (let n = 0; n < 500; n += 1) one.scopes.tenant.wanted(key);
      world.pass(budgetTickMs);
      world.tick(0, () => false);
    }
    expect(one.scopes.tenant.shareOf(key)).toBeCloseTo(1, 5);
  });

  it('one that has stood still takes nothing over from those whom it has not heard meanwhile', () => {
    const world = worldOf(2);
    const [one] = world.budgets as [Budget];
    world.settle();
    for (let i = 0; i < 8; i += 1) world.round([150, 150]);
    const before = one.scopes.tenant.shareOf(key);
    // The other went on all the while; what it said is read behind the first tick.
    world.pass(2 * leaseMs);
    world.tick(0, () => false);
    expect(one.scopes.tenant.shareOf(key)).toBeLessThanOrEqual(before);
    world.tick(1);
    for (let i = 0; i < 8; i += 1) {
      world.round([150, 150]);
      expect(world.sum()).toBeLessThanOrEqual(1 + 1e-9);
    }
  });

  it('all cut off: the last shares for the lease, then an even part each; never more than the whole', () => {
    const world = worldOf(3);
    world.settle();
    for (let i = 0; i < 8; i += 1) world.round([300, 50, 0]);
    const last = world.budgets.map((budget) => budget.scopes.tenant.shareOf(key));
    const cutOff = (): void => world.budgets.forEach((budget) => expect(budget.tick(false, world.pass(0))).toBeNull());
    cutOff();
    world.pass(leaseMs - 1);
    cutOff();
    expect(world.budgets.map((budget) => budget.scopes.tenant.shareOf(key))).toEqual(last);
    world.pass(1);
    cutOff();
    expect(world.budgets.map((budget) => budget.scopes.tenant.shareOf(key))).toEqual([1 / 3, 1 / 3, 1 / 3]);
  });

  it('a router that begins takes half until it has found itself alone, with NATS or without', () => {
    for (const isConnected of [true, false]) {
      const budget = new Budget('r0', parts());
      budget.begin(1);
      const shares = [0, 1, 2, 3].map((n) => (budget.tick(isConnected, n * budgetTickMs), budget.scopes.tenant.shareOf(key)));
      expect(shares).toEqual([0.5, 0.5, 1, 1]);
    }
  });

  it('what a share grows by is told, so that it is no second burst', () => {
    const grown: number[] = [];
    const budget = new Budget('r0', { ...parts(), onGrown: (_scope, _key, _share, by) => grown.push(by) });
    const peer = { router: 'r1', leaving: false, demand: { tenant: { [key]: 100 }, stamp: {}, global: {} } };
    let before = 0;
    for (let nowMs = 0; nowMs < 5_000; nowMs += budgetTickMs) {
      budget.hear(peer, nowMs);
      if (nowMs === 1_000) before = budget.scopes.tenant.shareOf(key);
      if (nowMs >= 1_000) for (let n = 0; n < 100; n += 1) budget.scopes.tenant.wanted(key);
      if (nowMs === 1_000) grown.length = 0;
      budget.tick(true, nowMs);
    }
    expect(grown.reduce((sum, by) => sum + by, 0)).toBeCloseTo(budget.scopes.tenant.shareOf(key) - before, 6);
  });
});
