import fc from 'fast-check';
import { CapacityPolicySchema, type CapacityPolicy } from '@lapidary/contracts/stamp-spec';
import { stampStatuses } from '@lapidary/contracts/api/stamps';
import { decide } from './decide.js';
import { demandOf } from './demand.js';
import type { CapacityFacts, StampRoom, WaitingTenant } from './facts.js';
import { nextNames } from './next-stamp.js';

const hourMs = 3_600_000;
const policyOf = (given: Partial<CapacityPolicy> = {}): CapacityPolicy => CapacityPolicySchema.parse({ mode: 'act', ...given });
const room = (takenUnits: number, given: Partial<StampRoom> = {}): StampRoom => ({
  name: 'eu-1',
  status: 'active',
  cordoned: false,
  isolation: 'pooled',
  capacityUnits: 100,
  takenUnits,
  tenants: takenUnits,
  ...given,
});
const waits = (units: number, given: Partial<WaitingTenant> = {}): WaitingTenant => ({ id: `t${units}`, units, tier: 'pooled', ...given });
const factsOf = (given: Partial<CapacityFacts> = {}): CapacityFacts => ({
  region: 'eu',
  nowMs: 1_000 * hourMs,
  stamps: [room(50)],
  waiting: [],
  netUnitsPerDay: null,
  build: { p90Ms: hourMs / 2, samples: 9 },
  building: null,
  lastBuild: null,
  next: {
    pooled: { name: 'eu-2', capacityUnits: 100, isRetry: false },
    dedicated: { name: 'eu-2', capacityUnits: 100, isRetry: false },
  },
  cost: null,
  ...given,
});
const verdictOf = (facts: Partial<CapacityFacts>, policy: Partial<CapacityPolicy> = {}) => decide(factsOf(facts), policyOf(policy)).verdict;

describe('whether a region gets another stamp (P-ST3)', () => {
  it('has enough while there is headroom and the forecast is far', () => {
    expect(verdictOf({ netUnitsPerDay: 10 })).toMatchObject({
      action: 'none',
      trigger: null,
      blockedBy: null,
      reason: '50 of 100 units are free (50 %), full in 5 days',
    });
  });

  it('builds for tenants that wait for room, and says how many', () => {
    const facts = { stamps: [room(98)], waiting: [waits(1), waits(5), waits(3, { id: 'b' })] };
    expect(verdictOf(facts)).toMatchObject({
      action: 'build',
      trigger: 'pending',
      stamp: 'eu-2',
      isolation: 'pooled',
      reason: '2 pooled tenants of 8 units wait for room that is not there',
    });
  });

  it('does not build for tenants that the next sweep places, nor for those that would not fit on a new stamp either', () => {
    expect(verdictOf({ waiting: [waits(20), waits(30)] })).toMatchObject({ action: 'none', trigger: null });
    const { verdict, figures } = decide(factsOf({ waiting: [waits(101)] }), policyOf());
    expect([verdict.trigger, figures.pending.tooLarge]).toEqual([null, ['t101']]);
    expect(verdict.reason).toContain('too large for any new stamp: t101');
  });

  it('a dedicated tenant calls for a dedicated stamp; a free dedicated one is enough, an occupied one is not', () => {
    const waiting = [waits(1, { tier: 'dedicated' as const })];
    expect(verdictOf({ waiting })).toMatchObject({ action: 'build', trigger: 'pending', isolation: 'dedicated' });
    expect(verdictOf({ waiting, stamps: [room(50), room(0, { name: 'eu-2', isolation: 'dedicated' })] }).trigger).toBeNull();
    expect(verdictOf({ waiting, stamps: [room(50), room(1, { name: 'eu-2', isolation: 'dedicated' })] }).trigger).toBe('pending');
  });

  it('builds when the headroom falls below the threshold, at the threshold not yet', () => {
    expect(verdictOf({ stamps: [room(80)] }).trigger).toBeNull();
    expect(verdictOf({ stamps: [room(81)] })).toMatchObject({
      action: 'build',
      trigger: 'headroom',
      reason: '19 of 100 units are free, 19 %; the policy wants 20 %',
    });
  });

  it('builds when the region is full within the measured lead time; a slower build or a faster rate makes it due earlier', () => {
    // 50 units free, 3 × 30 min of lead: due above 800 units a day.
    expect(verdictOf({ netUnitsPerDay: 790 }).trigger).toBeNull();
    expect(verdictOf({ netUnitsPerDay: 810 })).toMatchObject({
      action: 'build',
      trigger: 'forecast',
      reason: 'at 810 units a day it is full in 89 min; the lead time is 90 min (measured by 9 builds)',
    });
    expect(verdictOf({ netUnitsPerDay: 790, build: { p90Ms: hourMs, samples: 1 } }).trigger).toBe('forecast');
    expect(verdictOf({ netUnitsPerDay: -5 }).trigger).toBeNull();
  });

  it('a silent or dead stamp is no reason to build another one; a cordoned one gives no headroom', () => {
    expect(verdictOf({ stamps: [room(50), room(100, { name: 'eu-2', cordoned: true })] }).trigger).toBeNull();
    expect(verdictOf({ stamps: [room(0, { cordoned: true })] })).toMatchObject({
      trigger: 'headroom',
      reason: 'no pooled stamp takes tenants',
    });
  });

  it.each([
    ['mode_off', {}, { mode: 'off' }],
    ['no_spec', { next: { pooled: null, dedicated: null } }, {}],
    ['stamps_max', {}, { stampsMax: 1 }],
    ['cost_max', { cost: { nowUsd: 400, nextUsd: { pooled: 200, dedicated: 0 } } }, { monthlyCostUsdMax: 599 }],
    ['cost_unknown', { cost: { nowUsd: 400, nextUsd: { pooled: null, dedicated: 0 } } }, { monthlyCostUsdMax: 10_000 }],
    ['building', { building: 'eu-9' }, {}],
    ['cooldown', { lastBuild: { stamp: 'eu-1', endedAtMs: 1_000 * hourMs - 1, failures: 0 } }, {}],
  ] as const)('is blocked by %s, and says by what', (blockedBy, facts, policy) => {
    const { verdict } = decide(factsOf({ stamps: [room(90)], ...facts }), policyOf(policy));
    expect(verdict).toMatchObject({ action: 'none', trigger: 'headroom', blockedBy });
    expect(verdict.reason).toContain('; ');
  });

  it('a limit is not told while a stamp is being built that may make another one needless', () => {
    const facts = factsOf({ stamps: [room(90)], building: 'eu-2', cost: { nowUsd: 400, nextUsd: { pooled: 200, dedicated: 0 } } });
    const { verdict } = decide(facts, policyOf({ stampsMax: 1, monthlyCostUsdMax: 1 }));
    expect(verdict).toMatchObject({ action: 'none', blockedBy: 'building' });
    expect(verdict.reason).toMatch(/eu-2 is being built$/);
  });

  it('within the cost limit it builds; the numbers are told', () => {
    const facts = factsOf({ stamps: [room(90)], cost: { nowUsd: 400, nextUsd: { pooled: 200, dedicated: 0 } } });
    const { verdict, figures } = decide(facts, policyOf({ monthlyCostUsdMax: 600 }));
    expect([verdict.action, figures.monthlyCostUsd]).toEqual(['build', { now: 400, withNext: 600 }]);
  });

  it('waiting tenants do not wait for the cool-down of a build that succeeded, but for that of failed ones, which doubles up to a day', () => {
    const full = { stamps: [room(100)], waiting: [waits(1)] };
    const after = (failures: number, agoMs: number) => ({
      ...full,
      lastBuild: { stamp: 'eu-1', endedAtMs: 1_000 * hourMs - agoMs, failures },
    });
    const minuteMs = 60_000;
    expect(verdictOf(after(0, 0)).action).toBe('build');
    expect(verdictOf(after(1, 9 * minuteMs)).blockedBy).toBe('cooldown');
    expect(verdictOf(after(1, 10 * minuteMs)).action).toBe('build');
    expect(verdictOf(after(3, 39 * minuteMs)).blockedBy).toBe('cooldown');
    expect(verdictOf(after(3, 40 * minuteMs)).action).toBe('build');
    expect(verdictOf(after(50, 23 * hourMs)).blockedBy).toBe('cooldown');
    expect(verdictOf(after(50, 24 * hourMs)).action).toBe('build');
    expect(verdictOf(after(1, 1), { cooldownMinutes: 0 }).blockedBy).toBe('cooldown');
  });

  it('"suggest" suggests where "act" builds', () => {
    expect(verdictOf({ stamps: [room(90)] }, { mode: 'suggest' })).toMatchObject({ action: 'suggest', stamp: 'eu-2' });
  });
});

const stamp: fc.Arbitrary<StampRoom> = fc
  .record({
    n: fc.integer({ min: 1, max: 60 }),
    status: fc.constantFrom(...stampStatuses),
    cordoned: fc.boolean(),
    isolation: fc.constantFrom('pooled' as const, 'dedicated' as const),
    capacityUnits: fc.integer({ min: 1, max: 100 }),
    taken: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ n, taken, ...rest }) => ({
    ...rest,
    name: `eu-${n}`,
    takenUnits: Math.floor(rest.capacityUnits * taken),
    tenants: taken > 0 ? 1 : 0,
  }));
const facts: fc.Arbitrary<CapacityFacts> = fc
  .record({
    stamps: fc.uniqueArray(stamp, { selector: (s) => s.name, maxLength: 12 }),
    waiting: fc.array(
      fc.record({ id: fc.uuid(), units: fc.integer({ min: 1, max: 120 }), tier: fc.constantFrom('pooled' as const, 'dedicated' as const) }),
      {
        maxLength: 30,
      },
    ),
    netUnitsPerDay: fc.option(fc.double({ min: -1e4, max: 1e4, noNaN: true })),
    build: fc.option(fc.record({ p90Ms: fc.integer({ min: 1, max: 10 * hourMs }), samples: fc.integer({ min: 1, max: 20 }) })),
    building: fc.option(fc.constant('eu-99')),
    lastBuild: fc.option(
      fc.record({ stamp: fc.constant('eu-1'), endedAtMs: fc.integer({ min: 0, max: 1_000 * hourMs }), failures: fc.nat(20) }),
    ),
  })
  .map((given) => factsOf(given));
const policy: fc.Arbitrary<CapacityPolicy> = fc
  .record({ headroomPercent: fc.integer({ min: 0, max: 90 }), stampsMax: fc.integer({ min: 1, max: 15 }), cooldownMinutes: fc.nat(100) })
  .map((given) => policyOf(given));

describe('for any facts', () => {
  it('one build at a time, never beyond the most stamps, and every verdict has its reason', () => {
    fc.assert(
      fc.property(facts, policy, (given, rules) => {
        const { verdict, figures } = decide(given, rules);
        expect(verdict.reason).not.toBe('');
        if (verdict.action === 'none') return;
        expect(given.building).toBeNull();
        expect(figures.stamps).toBeLessThan(rules.stampsMax);
        expect(verdict.blockedBy).toBeNull();
        expect(verdict.trigger).not.toBeNull();
      }),
    );
  });

  it('off decides as act would, but does nothing; suggest says what act would do', () => {
    fc.assert(
      fc.property(facts, policy, (given, rules) => {
        const act = decide(given, rules).verdict;
        const off = decide(given, { ...rules, mode: 'off' }).verdict;
        const suggest = decide(given, { ...rules, mode: 'suggest' }).verdict;
        expect([off.action, off.trigger]).toEqual(['none', act.trigger]);
        expect(suggest).toEqual({ ...act, action: act.action === 'build' ? 'suggest' : act.action });
      }),
    );
  });

  it('once a new empty stamp stands, the same demand calls for fewer units than before, and for none where it fits', () => {
    fc.assert(
      fc.property(
        fc.array(stamp, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 20 }),
        (stamps, weights) => {
          const pooled = stamps.map((s) => ({ ...s, isolation: 'pooled' as const }));
          const waiting = weights.map((units, i) => waits(units, { id: `t${i}` }));
          const sum = (list: readonly WaitingTenant[]): number => list.reduce((all, t) => all + t.units, 0);
          const before = demandOf(pooled, waiting, 100);
          const after = demandOf([...pooled, room(0, { name: 'eu-77' })], waiting, 100);
          expect(before.tooLarge).toEqual([]);
          if (before.unfit.length > 0) expect(sum(after.unfit)).toBeLessThan(sum(before.unfit));
          if (sum(before.unfit) <= 100 && pooled.length === 0) expect(after.unfit).toEqual([]);
        },
      ),
    );
  });

  it('a name is never given twice: past the highest there is or was, except to try again what the policy could not build', () => {
    fc.assert(
      fc.property(fc.uniqueArray(stamp, { selector: (s) => s.name, maxLength: 30 }), (stamps) => {
        const taken = new Set(stamps.map((s) => s.name));
        expect(nextNames('eu', stamps, null).filter((name) => taken.has(name))).toEqual([]);
        const failed = stamps.find((s) => s.status === 'failed');
        if (!failed) return;
        const [first, ...rest] = nextNames('eu', stamps, { stamp: failed.name, endedAtMs: 0, failures: 1 });
        expect(first).toBe(failed.name);
        expect(rest.filter((name) => taken.has(name))).toEqual([]);
      }),
    );
    expect(nextNames('eu', [{ name: 'eu-3', status: 'retired' }], null)[0]).toBe('eu-4');
    expect(nextNames('eu', [], null)[0]).toBe('eu-1');
    expect(nextNames('eu', [{ name: 'eu-9999', status: 'active' }], null)).toEqual([]);
  });
});
