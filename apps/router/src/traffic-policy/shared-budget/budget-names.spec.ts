import { Budget, leaseMs, peersMax } from './budget.js';

const parts = { onGrown: () => undefined, isSibling: () => false, onCompany: () => undefined };
const demand = (n: number) => ({ tenant: { acme: n }, stamp: {}, global: {} });

it('who gives itself thousands of names fills no memory: those that are known are heard on, and others once there is room', () => {
  const budget = new Budget('own', parts);
  budget.begin(1);
  for (let i = 0; i < 2 * peersMax; i += 1) budget.hear({ router: `forged-${i}`, leaving: false, tick: 1, demand: demand(1) }, 0);
  expect(budget.routers).toBe(peersMax + 1);
  budget.hear({ router: 'forged-0', leaving: true, tick: 2, demand: demand(1) }, 1);
  budget.hear({ router: 'true', leaving: false, tick: 1, demand: demand(1) }, 2);
  expect(budget.routers).toBe(peersMax + 1);
  for (let nowMs = 0; nowMs <= leaseMs + 1_000; nowMs += 250) {
    budget.hear({ router: 'own', leaving: false, tick: 1, demand: demand(0) }, nowMs);
    budget.hear({ router: 'true', leaving: false, tick: 2 + nowMs, demand: demand(1) }, nowMs);
    budget.tick(true, nowMs);
  }
  expect(budget.routers).toBe(2);
});

it('demands beyond all measure leave shares that are numbers', () => {
  const budget = new Budget('own', parts);
  budget.begin(1);
  for (let nowMs = 0; nowMs < 3_000; nowMs += 250) {
    budget.hear({ router: 'own', leaving: false, tick: 1, demand: demand(0) }, nowMs);
    for (const router of ['a', 'b']) budget.hear({ router, leaving: false, tick: 1 + nowMs, demand: demand(Number.MAX_VALUE) }, nowMs);
    budget.scopes.tenant.wanted('acme');
    budget.tick(true, nowMs);
  }
  const share = budget.scopes.tenant.shareOf('acme');
  expect(share).toBeGreaterThan(0);
  expect(share).toBeLessThanOrEqual(1 / 3 + 1e-9);
});
