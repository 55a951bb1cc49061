import { LimitsDocumentSchema } from '@lapidary/contracts/limits';
import fc from 'fast-check';
import { stampRoute, tenantRoute } from '../routes.fixture.js';
import { ownState } from './across-workers/policy-state.js';
import { RouterPolicy } from './router-policy.js';
import { KeyedStates, type SlotHint } from './limits/keyed-states.js';
import { TenantStates, type TenantMemo } from './tenant-states.js';
import { isRefused, type Admission } from './traffic-policy.js';

const outcome = (admission: Admission): string =>
  admission === 'go' ? 'go' : isRefused(admission) ? admission.code : (admission.abandon(0), 'waiting');

const tenants = ['acme', 'beta', 'gamma'];
const routes = tenants.map((tenant) => tenantRoute({ tenant }));
const stamp = stampRoute();

/** One after another: what the tests of a policy ask, and what happens beside requests. */
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ what: fc.constantFrom('admit', 'release'), who: fc.nat(tenants.length - 1) }) },
  fc.record({ what: fc.constantFrom('wait', 'tidy', 'tick', 'limits'), who: fc.nat(3) }),
);

const limitsOf = (n: number): ReturnType<typeof LimitsDocumentSchema.parse> =>
  LimitsDocumentSchema.parse({
    tiers: {
      standard: {
        priority: 1,
        limits: [
          {
            kind: n % 2 === 0 ? 'token_bucket' : 'fixed_window',
            ...(n % 2 === 0 ? { perSecond: 2, burst: 3 + n } : { max: 3 + n, windowSeconds: 1 }),
          },
          { kind: 'concurrency', max: 4 },
        ],
      },
    },
    stamps: { default: { tenantInFlightMax: 5, inFlightMax: 8, shedding: false } },
  });

it('a policy that is given what it keeps with routes says the same as one that looks everything up', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const [kept, plain] = [new RouterPolicy({ router: 'a' }), new RouterPolicy({ router: 'a' })];
      for (const policy of [kept, plain]) policy.limitBy(limitsOf(0));
      const memos: TenantMemo[] = tenants.map(() => ({ found: null }));
      const open = tenants.map(() => 0);
      let nowMs = 0;
      for (const { what, who } of steps) {
        if (what === 'wait') nowMs += 700 * who;
        else if (what === 'tidy') for (const policy of [kept, plain]) policy.tidy(new Set([stamp.stamp]), nowMs);
        else if (what === 'limits') for (const policy of [kept, plain]) policy.limitBy(limitsOf(who));
        else if (what === 'tick') expect(kept.budget.tick(true, nowMs)).toEqual(plain.budget.tick(true, nowMs));
        else if (what === 'admit') {
          const said = outcome(kept.admit(routes[who]!, stamp, nowMs, undefined, memos[who]));
          expect(said).toBe(outcome(plain.admit(routes[who]!, stamp, nowMs)));
          if (said === 'go') open[who]! += 1;
        } else if (open[who]! > 0) {
          open[who]! -= 1;
          kept.release(routes[who]!, stamp, nowMs, memos[who]);
          plain.release(routes[who]!, stamp, nowMs);
        }
      }
    }),
    { numRuns: 300 },
  );
});

it('a state that was forgotten is not used again, whoever keeps it', () => {
  const states = new TenantStates(ownState());
  const memo: TenantMemo = { found: null };
  const first = states.of('acme', memo);
  expect(states.of('acme')).toBe(first);
  first.place.enter(1);
  states.sweep(10);
  expect(states.of('acme', memo)).toBe(first);
  first.place.leave();
  states.sweep(10);
  const second = states.of('acme', memo);
  expect([second === first, states.of('acme') === second, memo.found === second]).toEqual([false, true, true]);
});

it('a tenant that is counted in the present tick keeps its state, so that its demand is told once', () => {
  const policy = new RouterPolicy({ router: 'a' });
  policy.limitBy(limitsOf(0));
  for (let i = 0; i < 2; i += 1) {
    policy.admit(routes[0]!, stamp, 0);
    policy.release(routes[0]!, stamp);
    policy.tidy(new Set([stamp.stamp]), 0);
  }
  // Two in a quarter of a second.
  expect(policy.budget.tick(true, 0)?.demand.tenant).toEqual({ acme: 8 });
});

it('a hint never leads to the numbers of another key', () => {
  const states = new KeyedStates(1);
  const hint: SlotHint = { slot: -1 };
  const at = states.at('acme', 0, hint);
  states.numbers[at] = 7;
  states.idleFrom(at, 10);
  expect(states.at('acme', 5, hint)).toBe(at);
  states.sweep(1, 11, false);
  const others = states.at('beta', 11);
  states.numbers[others] = 3;
  expect([others, states.numbers[states.at('acme', 11, hint)], states.numbers[others]]).toEqual([at, 0, 3]);
});
