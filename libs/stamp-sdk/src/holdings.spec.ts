import fc from 'fast-check';
import type { HoldCommand, Holdings } from '@lapidary/contracts/agent-protocol';
import type { TenantId } from '@lapidary/kernel/names';
import { HeldTenants } from './holdings.js';

const tenant = (name: string): HoldCommand['tenant'] => name as TenantId;
const command = (name: string, cursor: number, epoch: number, hold: boolean): HoldCommand => ({
  tenant: tenant(name),
  cursor,
  epoch,
  hold,
});

/** A stamp's true history: fact n has cursor n; a tenant's epoch grows with each of its facts (I1). */
const historyArbitrary = fc
  .array(fc.record({ name: fc.constantFrom('acme', 'bolt', 'cargo', 'delta'), hold: fc.boolean() }), { minLength: 1, maxLength: 24 })
  .map((facts) => {
    const epochs = new Map<string, number>();
    return facts.map(({ name, hold }, i) => {
      const epoch = (epochs.get(name) ?? 0) + 1;
      epochs.set(name, epoch);
      return command(name, i + 1, epoch, hold);
    });
  });

/** The full list that a control plane would answer when the history stood at `asOf`. */
const listAsOf = (history: readonly HoldCommand[], asOf: number): Holdings => {
  const newest = new Map<string, HoldCommand>();
  for (const fact of history) if (fact.cursor <= asOf) newest.set(fact.tenant, fact);
  const holdings = [...newest.values()].filter((fact) => fact.hold).map(({ tenant, epoch, cursor }) => ({ tenant, epoch, cursor }));
  return { asOf, holdings };
};

type Message = { readonly push: HoldCommand } | { readonly list: Holdings };
const deliver = (state: HeldTenants, messages: readonly Message[]): HeldTenants => {
  for (const message of messages) {
    if ('push' in message) state.applyHold(message.push);
    else state.applyFull(message.list);
  }
  return state;
};
const heldBy = (state: HeldTenants): Record<string, number> => Object.fromEntries(state.tenants().map((t) => [t, state.epochOf(t)]));
const heldIn = (list: Holdings): Record<string, number> => Object.fromEntries(list.holdings.map((h) => [h.tenant, h.epoch]));

/** Any messages of one history, some of them twice, in two different orders. */
const deliveryArbitrary = historyArbitrary.chain((history) => {
  const all: Message[] = [
    ...history.map((push) => ({ push })),
    ...[0, ...history.map((f) => f.cursor)].map((asOf) => ({ list: listAsOf(history, asOf) })),
  ];
  const some = fc.array(fc.constantFrom(...all), { maxLength: 60 });
  return some.chain((messages) =>
    fc.record({
      history: fc.constant(history),
      once: fc.constant(messages),
      again: fc.shuffledSubarray([...messages, ...messages], { minLength: messages.length * 2 }),
    }),
  );
});

describe('what a stamp holds', () => {
  it('H2: is a function of the messages seen, whatever their order and number', () => {
    fc.assert(
      fc.property(deliveryArbitrary, ({ once, again }) => {
        expect(deliver(new HeldTenants(), again).snapshot()).toEqual(deliver(new HeldTenants(), once).snapshot());
      }),
      { numRuns: 2_000 },
    );
  });

  it('H3: is the newest state once every newest fact was seen, by push', () => {
    fc.assert(
      fc.property(deliveryArbitrary, ({ history, again }) => {
        const pushes = history.map((push) => ({ push }));
        expect(heldBy(deliver(new HeldTenants(), [...again, ...pushes]))).toEqual(heldIn(listAsOf(history, history.length)));
      }),
      { numRuns: 1_000 },
    );
  });

  it('H3: is the newest state after the newest list, whatever was lost, and nothing late changes it', () => {
    fc.assert(
      fc.property(deliveryArbitrary, ({ history, once, again }) => {
        const newest = listAsOf(history, history.length);
        expect(heldBy(deliver(new HeldTenants(), [...once, { list: newest }, ...again]))).toEqual(heldIn(newest));
      }),
      { numRuns: 1_000 },
    );
  });

  it('H1: says stale or duplicate exactly where it changed nothing', () => {
    fc.assert(
      fc.property(deliveryArbitrary, ({ again }) => {
        const state = new HeldTenants();
        for (const message of again) {
          const before = state.snapshot();
          const outcome = 'push' in message ? state.applyHold(message.push) : state.applyFull(message.list);
          expect(JSON.stringify(state.snapshot()) === JSON.stringify(before)).toBe(outcome !== 'applied');
        }
      }),
      { numRuns: 500 },
    );
  });

  it('keeps its count right, and comes back from a snapshot as it was', () => {
    fc.assert(
      fc.property(deliveryArbitrary, ({ again }) => {
        const state = deliver(new HeldTenants(), again);
        expect(state.count).toBe(state.tenants().length);
        const restored = HeldTenants.restore(state.snapshot());
        expect(restored.snapshot()).toEqual(state.snapshot());
        expect(restored.count).toBe(state.count);
      }),
    );
  });

  it('H4: a late hold does not bring a dropped tenant back', () => {
    const state = new HeldTenants();
    state.applyHold(command('acme', 8, 1, true));
    state.applyHold(command('acme', 9, 2, false));
    expect(state.applyHold(command('acme', 8, 1, true))).toBe('stale');
    expect(state.epochOf('acme')).toBe(0);
    state.applyFull({ asOf: 12, holdings: [] });
    expect(state.applyHold(command('acme', 8, 1, true))).toBe('stale');
    expect(state.snapshot()).toEqual({ asOf: 12, known: [] });
  });

  it('a list taken before a push does not undo it', () => {
    const state = new HeldTenants();
    state.applyHold(command('acme', 11, 1, true));
    state.applyFull({ asOf: 10, holdings: [] });
    expect(state.epochOf('acme')).toBe(1);
  });

  it('a new session starts from its list, with the pushes since, even where cursors began anew', () => {
    const state = HeldTenants.from({ asOf: 3, holdings: [{ tenant: tenant('acme'), epoch: 2, cursor: 2 }] }, [
      command('bolt', 4, 1, true),
      command('acme', 1, 1, false),
    ]);
    expect(heldBy(state)).toEqual({ acme: 2, bolt: 1 });
    expect(state.newestCursor).toBe(4);
  });
});
