import fc from 'fast-check';
import { LimitsDocumentSchema } from '@lapidary/contracts/limits';
import { nothingTried, stampRoute, tenantRoute } from '../../routes.fixture.js';
import { Breaker } from '../doors/breaker.js';
import { breakerTable } from '../doors/breaker-states.js';
import { RouterPolicy } from '../router-policy.js';
import { isRefused, type Admission } from '../traffic-policy.js';
import { freeProbesOf } from './breaker-cells.js';
import { createPolicyMemory } from './policy-memory.js';
import { sharedState } from './policy-state.js';
import { freePlacesOf } from './shared-places.js';

const door = 'http://10.0.0.1:8080';
const stamp = stampRoute({ frontDoors: [door] });
const acme = tenantRoute({ tenant: 'acme' });
const beta = tenantRoute({ tenant: 'beta' });
const memory = createPolicyMemory;

const policiesOf = (workers: number, rules: object) => {
  const shared = memory(workers);
  const policies = Array.from({ length: workers }, (_, i) => {
    const policy = new RouterPolicy({ router: `w${i}`, random: () => 0, state: sharedState(shared, i) });
    policy.limitBy(LimitsDocumentSchema.parse({ tiers: { standard: { priority: 0 } }, stamps: { default: rules } }));
    return policy;
  });
  return { shared, policies };
};
const outcome = (admission: Admission): string =>
  typeof admission === 'string' ? admission : isRefused(admission) ? admission.code : 'waiting';

describe('compartments of several workers (L1, P-BH1)', () => {
  it('hold together what one may hold, and so do a heavy tenant’s places', () => {
    const { policies } = policiesOf(3, { inFlightMax: 10, queueMax: 0, tenantInFlightMax: 6 });
    const asked = Array.from({ length: 30 }, (_, i) => outcome(policies[i % 3]!.admit(acme, stamp, 0)));
    expect(asked.filter((o) => o === 'go')).toHaveLength(6);
    expect(new Set(asked.slice(6))).toEqual(new Set(['rate_limited']));
    const others = Array.from({ length: 30 }, (_, i) => outcome(policies[i % 3]!.admit(beta, stamp, 0)));
    expect(others.filter((o) => o === 'go')).toHaveLength(4);
    policies[1]!.release(acme, stamp);
    expect(outcome(policies[2]!.admit(beta, stamp, 0))).toBe('go');
  });

  it('have one queue: its length is that of all, and a place that one gives back goes to who waits at another', async () => {
    const { policies } = policiesOf(2, { inFlightMax: 2, queueMax: 3, queueWaitMs: 5_000 });
    const [one, two] = policies as [RouterPolicy, RouterPolicy];
    expect([one.admit(acme, stamp, 0), one.admit(acme, stamp, 0)]).toEqual(['go', 'go']);
    const waiting = [two.admit(beta, stamp, 0), two.admit(beta, stamp, 0), one.admit(acme, stamp, 0)];
    expect(waiting.map(outcome)).toEqual(['waiting', 'waiting', 'waiting']);
    expect([one, two].map((policy) => outcome(policy.admit(acme, stamp, 0)))).toEqual(['overloaded', 'overloaded']);
    const settled = waiting.map(async (w) => (typeof w === 'object' && w.kind === 'waiting' ? w.admission : null));
    // The worker with both places has more than its part: what it gives back is for the other's request, though one of its own waits.
    one.release(acme, stamp);
    expect(await Promise.race(settled.slice(0, 2))).toBe('go');
    one.release(acme, stamp);
    two.release(beta, stamp);
    expect(await Promise.all(settled)).toEqual(['go', 'go', 'go']);
    two.release(beta, stamp);
    one.release(acme, stamp);
    expect(one.stampState(stamp).compartment.inFlight).toBe(0);
  });

  it('a worker that is gone gives its places and its turns back (L2)', () => {
    const { shared, policies } = policiesOf(2, { inFlightMax: 2, queueMax: 0 });
    const [one, two] = policies as [RouterPolicy, RouterPolicy];
    for (let i = 0; i < 2; i += 1) one.admit(acme, stamp, 0);
    expect(outcome(two.admit(beta, stamp, 0))).toBe('overloaded');
    freePlacesOf(shared, 0);
    expect([two.admit(beta, stamp, 0), two.admit(beta, stamp, 0)]).toEqual(['go', 'go']);
  });

  it('connections to one front door are bounded for all together', () => {
    const { policies } = policiesOf(2, { doorInUseMax: 3 });
    const chosen = Array.from({ length: 5 }, (_, i) => policies[i % 2]!.choose(stamp, nothingTried, 0));
    expect(chosen.filter((c) => c === door)).toHaveLength(3);
    expect(chosen[4]).toMatchObject({ code: 'overloaded' });
  });

  it('a connection to a front door that is taken away and comes back is given back when it ends (L2)', () => {
    const { policies } = policiesOf(2, { doorInUseMax: 1 });
    const [one, two] = policies as [RouterPolicy, RouterPolicy];
    expect(one.choose(stamp, nothingTried, 0)).toBe(door);
    one.admit(acme, stampRoute({ frontDoors: [] }), 0);
    expect(two.choose(stamp, nothingTried, 0)).toMatchObject({ code: 'overloaded' });
    one.attempted(stamp.stamp, door, 'answered', 1, 1, 'acme');
    one.admit(acme, stamp, 1);
    expect(two.choose(stamp, nothingTried, 1)).toBe(door);
    two.attempted(stamp.stamp, door, 'answered', 1, 2, 'acme');
    expect(one.choose(stamp, nothingTried, 2)).toBe(door);
  });
});

describe('a breaker of several workers (L3, P-BH2)', () => {
  const breakersOf = (workers: number) => {
    const shared = memory(workers);
    const breakers = Array.from({ length: workers }, (_, i) => new Breaker(() => 0, sharedState(shared, i).cells.cell('eu-1', door)));
    return { shared, breakers };
  };
  const states = (breakers: readonly Breaker[]): string[] => breakers.map(({ state }) => state);

  it('opens in all when it opens in one, by the failures of all; one probe in all; and closes in all', () => {
    const { breakers } = breakersOf(3);
    const now = performance.now();
    const [one, two, three] = breakers as [Breaker, Breaker, Breaker];
    for (const breaker of [one, two, three, one]) breaker.failed(now, false);
    expect(states(breakers)).toEqual(['closed', 'closed', 'closed']);
    two.failed(now, false);
    expect(states(breakers)).toEqual(['open', 'open', 'open']);
    expect(breakers.map((breaker) => breaker.allows(now + 990))).toEqual([false, false, false]);
    const later = now + 1_002;
    expect(breakers.map((breaker) => breaker.allows(later))).toEqual([true, true, true]);
    expect(breakers.map((breaker) => breaker.sent(later))).toEqual([true, false, false]);
    expect(states(breakers)).toEqual(['half_open', 'half_open', 'half_open']);
    one.answered(later);
    expect(three.sent(later)).toBe(true);
    three.answered(later);
    expect(states(breakers)).toEqual(['closed', 'closed', 'closed']);
    // What was counted before it closed counts no more, in any.
    for (let i = 0; i < 4; i += 1) one.failed(later, false);
    expect(one.state).toBe('closed');
  });

  it('a worker that is gone takes its probe along: another may probe at once', () => {
    const { shared, breakers } = breakersOf(2);
    const [one, two] = breakers as [Breaker, Breaker];
    const now = performance.now();
    for (let i = 0; i < 5; i += 1) one.failed(now, false);
    expect([one.sent(now + 1_002), two.allows(now + 1_002)]).toEqual([true, false]);
    freeProbesOf(shared, 0);
    expect([two.allows(now + 1_002), two.sent(now + 1_002), two.state]).toEqual([true, true, 'half_open']);
  });

  it('whatever happens in whatever order, it moves by its table, all see one state, and at most one probes', () => {
    const event = fc.record({
      worker: fc.nat(2),
      do: fc.constantFrom('send', 'answered', 'failed', 'said nothing', 'checked well'),
      ms: fc.integer({ min: 0, max: 3_000 }),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), (events) => {
        const { breakers } = breakersOf(3);
        let nowMs = performance.now();
        let probing: { readonly worker: number; readonly sinceMs: number } | null = null;
        for (const { worker, do: what, ms } of events) {
          nowMs += ms;
          const breaker = breakers[worker]!;
          const before = breaker.state;
          if (what === 'send') {
            const sent = breaker.allows(nowMs) && breaker.sent(nowMs);
            if (sent && breaker.state === 'half_open') {
              // A minute without an end frees it: a caller's mistake must not close the door for good.
              if (probing !== null) expect(nowMs - probing.sinceMs).toBeGreaterThan(59_990);
              probing = { worker, sinceMs: nowMs };
            }
          } else if (what === 'answered') breaker.answered(nowMs);
          else if (what === 'failed') breaker.failed(nowMs, false);
          else if (what === 'said nothing') breaker.saidNothing();
          else breaker.checkedWell();
          if (what !== 'send' && what !== 'checked well' && probing?.worker === worker) probing = null;
          const after = breaker.state;
          expect(new Set(states(breakers)).size).toBe(1);
          if (after !== before) expect(breakerTable.transitions.some(({ from, to }) => from.includes(before) && to === after)).toBe(true);
          if (after === 'open' && breaker.waitMs(nowMs) > 0) expect(breakers.some((b) => b.allows(nowMs))).toBe(false);
        }
      }),
    );
  });
});
