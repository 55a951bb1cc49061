import fc from 'fast-check';
import { OwnPlace, type Place } from './place.js';
import { buckets, createPolicyMemory, waysPerBucket } from './policy-memory.js';
import { ownState, sharedState } from './policy-state.js';
import { freePlacesOf } from './shared-places.js';
import { TenantStates } from '../tenant-states.js';

const max = 5;

describe.each<[string, () => Place]>([
  ['of one worker', () => new OwnPlace()],
  ['among four workers', () => sharedState(createPolicyMemory(4), 2).place('stamp', 'eu-1')],
  ['under a name that is too long to be shared', () => sharedState(createPolicyMemory(1), 0).place('door', 'x'.repeat(300))],
])('places %s', (_, make) => {
  it('are as many as there may be, and each that is given back can be had again', () => {
    const place = make();
    for (let i = 0; i < max; i += 1) expect(place.enter(max)).toBe(true);
    expect([place.enter(max), place.taken, place.ours]).toEqual([false, max, max]);
    place.leave();
    expect([place.enter(max), place.enter(max)]).toEqual([true, false]);
    for (let i = 0; i < max + 3; i += 1) place.leave();
    expect([place.taken, place.ours]).toEqual([0, 0]);
  });

  it('follow the bound that is asked with', () => {
    const place = make();
    for (let i = 0; i < max; i += 1) place.enter(max);
    expect([place.enter(max - 2), place.enter(max + 1)]).toEqual([false, true]);
  });
});

describe('places that workers share (L1, L2)', () => {
  const workers = 3;
  const fleet = () => {
    const memory = createPolicyMemory(workers);
    const states = Array.from({ length: workers }, (_, i) => sharedState(memory, i));
    return { memory, of: (kind: 'stamp' | 'tenant', key: string) => states.map((state) => state.place(kind, key)), states };
  };

  it('whoever takes and gives back, in whatever order: together never more than the bound, and every worker sees the same', () => {
    const step = fc.record({ worker: fc.nat(workers - 1), enters: fc.boolean(), key: fc.constantFrom('acme', 'beta') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const world = fleet();
        const places = { acme: world.of('tenant', 'acme'), beta: world.of('tenant', 'beta') };
        const held = { acme: [0, 0, 0], beta: [0, 0, 0] };
        for (const { worker, enters, key } of steps) {
          const place = places[key as 'acme'][worker]!;
          const ours = held[key as 'acme'];
          const sum = ours.reduce((a, b) => a + b, 0);
          if (enters) {
            const entered = place.enter(max);
            expect(entered).toBe(sum < max);
            if (entered) ours[worker]! += 1;
          } else if (ours[worker]! > 0) {
            place.leave();
            ours[worker]! -= 1;
          }
          const now = ours.reduce((a, b) => a + b, 0);
          expect(places[key as 'acme'].map(({ taken }) => taken)).toEqual([now, now, now]);
          expect(places[key as 'acme'].map((of) => of.ours)).toEqual(ours);
        }
      }),
    );
  });

  it('one kind’s key is another than another kind’s', () => {
    const { states } = fleet();
    const [stamp, tenant] = [states[0]!.place('stamp', 'eu-1'), states[1]!.place('tenant', 'eu-1')];
    stamp.enter(max);
    expect([stamp.taken, tenant.taken]).toEqual([1, 0]);
  });

  it('what a worker had is free when it is gone, and others keep theirs', () => {
    const { memory, of, states } = fleet();
    const places = of('stamp', 'eu-1');
    for (const place of [places[0]!, places[0]!, places[0]!, places[1]!, places[1]!]) place.enter(max);
    expect(places[2]!.enter(max)).toBe(false);
    freePlacesOf(memory, 0);
    expect(places[2]!.taken).toBe(2);
    const next = states[0]!.place('stamp', 'eu-1');
    for (let i = 0; i < 3; i += 1) expect(next.enter(max)).toBe(true);
    expect(places[1]!.enter(max)).toBe(false);
  });

  it('more keys at a time than there is room for are bounded by each worker’s part, and none is lost', () => {
    const { states } = fleet();
    const many = buckets * waysPerBucket + 1_000;
    const places = Array.from({ length: many }, (_, i) => states[0]!.place('tenant', `t${i}`));
    for (const place of places) expect(place.enter(3)).toBe(true);
    expect(places.every(({ taken }) => taken === 1)).toBe(true);
    for (const place of places) place.leave();
    expect(places.every(({ taken }) => taken === 0)).toBe(true);
  });
});

it('tenants with nothing under way are forgotten, and no others', () => {
  const tenants = new TenantStates(ownState());
  const busy = 100;
  for (let i = 0; i < busy; i += 1) tenants.of(`busy${i}`).place.enter(max);
  for (let i = 0; i < 200_000; i += 1) {
    tenants.of(`t${i}`).place.enter(max);
    tenants.of(`t${i}`).place.leave();
  }
  expect(tenants.size).toBeLessThan(33_000);
  tenants.sweep(33_000);
  expect(tenants.size).toBeLessThan(1_000);
  for (let i = 0; i < busy; i += 1) expect(tenants.of(`busy${i}`).place.taken).toBe(1);
});
