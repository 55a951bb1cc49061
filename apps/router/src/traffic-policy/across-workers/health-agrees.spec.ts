import { LimitsDocumentSchema } from '@lapidary/contracts/limits';
import { stampRoute, tenantRoute } from '../../routes.fixture.js';
import { RouterPolicy } from '../router-policy.js';
import { freeProbesOf } from './breaker-cells.js';
import { createPolicyMemory } from './policy-memory.js';
import { sharedState } from './policy-state.js';

/** Several workers, and one stamp whose health they judge together (L5). */
const door = 'http://10.0.0.1:8080';
const stamp = stampRoute({ frontDoors: [door] });
const acme = tenantRoute({ tenant: 'acme' });
const limitMax = 100;
const roundMs = 400;

let shared: ReturnType<typeof createPolicyMemory>;
let policies: RouterPolicy[];
let nowMs: number;

const begin = (workers: number): void => {
  shared = createPolicyMemory(workers);
  policies = Array.from({ length: workers }, (_, i) => {
    const policy = new RouterPolicy({ router: `w${i}`, random: () => 0, state: sharedState(shared, i) });
    policy.limitBy(
      LimitsDocumentSchema.parse({ tiers: { standard: { priority: 0 } }, stamps: { default: { inFlightMax: limitMax, queueMax: 0 } } }),
    );
    return policy;
  });
  nowMs = performance.now();
};
const limits = (): number[] => policies.map((policy) => policy.stampState(stamp).compartment.limit);
/** So many requests of each of these workers end in one round; nothing stays under way. */
const round = (of: readonly number[], count: number, tookMs = 20, outcome: 'answered' | 'server_error' = 'answered'): void => {
  for (let i = 0; i < count; i += 1) {
    for (const worker of of) {
      const policy = policies[worker]!;
      if (policy.admit(acme, stamp, nowMs) !== 'go') continue;
      // Of health only: the door's breaker has its own tests.
      policy.stampState(stamp).compartment.adaptive.attempted(outcome, tookMs, nowMs, acme.tenant);
      policy.release(acme, stamp);
    }
    nowMs += roundMs / count;
  }
};
const all = (): number[] => policies.map((_, i) => i);

it('what one worker finds of a stamp holds in all', () => {
  begin(3);
  for (let i = 0; i < 3; i += 1) round(all(), 20);
  expect(limits()).toEqual([limitMax, limitMax, limitMax]);
  for (let i = 0; i < 3; i += 1) round([1], 20, 20, 'server_error');
  expect(limits()).toEqual([8, 8, 8]);
});

it('the answers of all count together, where none has enough for a judgement of its own', () => {
  begin(4);
  for (let i = 0; i < 8; i += 1) round(all(), 4, 20, 'server_error');
  expect(new Set(limits())).toEqual(new Set([8]));
});

it('a worker that gets no turn, since others’ requests fill its limit, goes on when they find the stamp well', () => {
  begin(2);
  for (let i = 0; i < 3; i += 1) round([0], 20, 20, 'server_error');
  const [ill, other] = policies as [RouterPolicy, RouterPolicy];
  for (let i = 0; i < 8; i += 1) expect(other.admit(acme, stamp, nowMs)).toBe('go');
  expect(ill.admit(acme, stamp, nowMs)).toMatchObject({ code: 'overloaded' });
  // The other's are answered one after another; as many as may be are under way all the time.
  for (let i = 0; i < 100; i += 1) {
    for (let ended = 0; ended < 20; ended += 1) {
      other.stampState(stamp).compartment.adaptive.attempted('answered', 20, nowMs, acme.tenant);
      nowMs += roundMs / 20;
    }
  }
  expect(limits()).toEqual([limitMax, limitMax]);
  expect(ill.admit(acme, stamp, nowMs)).toBe('go');
});

it('clearing what a dead worker probed leaves a stamp’s health as it is', () => {
  begin(3);
  for (let i = 0; i < 3; i += 1) round([0], 20, 20, 'server_error');
  const before = limits();
  for (const worker of all()) freeProbesOf(shared, worker);
  expect(limits()).toEqual(before);
  for (let i = 0; i < 100; i += 1) round([2], 20);
  expect(limits()).toEqual([limitMax, limitMax, limitMax]);
});
