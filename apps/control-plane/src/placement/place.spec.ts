import fc from 'fast-check';
import { freeUnits, type StampFacts, type TenantFacts } from './facts.js';
import { place } from './place.js';
import { defaultPolicy } from './policy.js';
import { rules } from './rules/all.js';
import { allowsRegion } from './rules/residency.js';
import { scores } from './scores/all.js';

const stamp = (more: Partial<StampFacts> = {}): StampFacts => ({
  name: 'eu-1',
  region: 'eu',
  jurisdiction: 'eu-law',
  status: 'active',
  cordoned: false,
  cordonReason: null,
  health: 'healthy',
  healthReason: null,
  ring: 'broad',
  isolation: 'pooled',
  capacityUnits: 10,
  usedUnits: 0,
  reservedUnits: 0,
  tenants: 0,
  ...more,
});

const tenant = (more: Partial<TenantFacts> = {}): TenantFacts => ({
  id: 'acme',
  homeRegion: 'eu',
  weight: 1,
  residency: [],
  tier: 'pooled',
  labels: {},
  ...more,
});

const regions = [
  { region: 'eu', jurisdiction: 'eu-law' },
  { region: 'ch', jurisdiction: 'ch-law' },
  { region: 'us', jurisdiction: 'us-law' },
] as const;

const stampFacts: fc.Arbitrary<StampFacts> = fc
  .record({
    place: fc.constantFrom(...regions),
    status: fc.constantFrom('active', 'active', 'active', 'provisioning', 'failed'),
    cordoned: fc.boolean(),
    health: fc.constantFrom('unknown', 'healthy', 'healthy', 'suspected', 'dead'),
    ring: fc.constantFrom('canary', 'early', 'broad'),
    isolation: fc.constantFrom('pooled', 'pooled', 'dedicated'),
    capacityUnits: fc.integer({ min: 1, max: 50 }),
    usedUnits: fc.integer({ min: 0, max: 50 }),
    reservedUnits: fc.integer({ min: 0, max: 5 }),
    tenants: fc.integer({ min: 0, max: 20 }),
  })
  .map(({ place: { region, jurisdiction }, ...rest }) => ({ ...rest, region, jurisdiction, name: '', cordonReason: null }) as StampFacts);

const fleet = fc.array(stampFacts, { maxLength: 12 }).map((stamps) => stamps.map((s, n) => ({ ...s, name: `${s.region}-${n + 1}` })));

const anyTenant: fc.Arbitrary<TenantFacts> = fc.record({
  id: fc.constant('acme'),
  homeRegion: fc.constantFrom('eu', 'ch', 'us'),
  weight: fc.integer({ min: 1, max: 12 }),
  residency: fc.subarray(['eu', 'ch', 'us', 'eu-law', 'ch-law', 'us-law'], { maxLength: 3 }),
  tier: fc.constantFrom('pooled', 'dedicated') as fc.Arbitrary<TenantFacts['tier']>,
  labels: fc.constantFrom<Record<string, string>>({}, { ring: 'canary' }),
});

describe('place', () => {
  it('I3: never chooses a stamp outside the residency, for any fleet', () => {
    fc.assert(
      fc.property(anyTenant, fleet, (t, stamps) => {
        const chosen = stamps.find((s) => s.name === place(t, stamps, defaultPolicy).chosen);
        return chosen === undefined || allowsRegion(t.residency, chosen.region, chosen.jurisdiction);
      }),
      { numRuns: 500 },
    );
  });

  it('decides the same whatever the order in which the stamps were read', () => {
    fc.assert(
      fc.property(
        anyTenant,
        fleet.chain((stamps) => fc.tuple(fc.constant(stamps), fc.shuffledSubarray(stamps, { minLength: stamps.length }))),
        (t, [stamps, shuffled]) => {
          expect(place(t, shuffled, defaultPolicy)).toEqual(place(t, stamps, defaultPolicy));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('chooses an eligible stamp with the highest total, and the first name among equals; none only where none is eligible', () => {
    fc.assert(
      fc.property(anyTenant, fleet, (t, stamps) => {
        const choice = place(t, stamps, defaultPolicy);
        const eligible = choice.candidates.filter((c) => c.eligible);
        if (eligible.length === 0) return choice.chosen === null;
        const best = Math.max(...eligible.map((c) => c.total!));
        const names = eligible.filter((c) => c.total === best).map((c) => c.stamp);
        return choice.chosen === names.sort()[0];
      }),
      { numRuns: 500 },
    );
  });

  it('I2: a chosen stamp has the room, is in the home region, active, uncordoned, not suspected, and of the tenant’s isolation', () => {
    fc.assert(
      fc.property(anyTenant, fleet, (t, stamps) => {
        const s = stamps.find((one) => one.name === place(t, stamps, defaultPolicy).chosen);
        if (!s) return true;
        return (
          freeUnits(s) >= t.weight &&
          s.region === t.homeRegion &&
          s.status === 'active' &&
          !s.cordoned &&
          !['suspected', 'dead'].includes(s.health) &&
          s.isolation === t.tier &&
          (t.tier === 'pooled' || s.tenants === 0)
        );
      }),
      { numRuns: 500 },
    );
  });

  it('P-ST5: shows every stamp, every rule and, where eligible, every score, between 0 and 100', () => {
    fc.assert(
      fc.property(anyTenant, fleet, (t, stamps) => {
        const { candidates } = place(t, stamps, defaultPolicy);
        expect(candidates.map((c) => c.stamp).sort()).toEqual(stamps.map((s) => s.name).sort());
        for (const c of candidates) {
          expect(c.rules.map((r) => r.rule)).toEqual(Object.keys(rules));
          expect(c.rules.every((r) => r.reason.length > 0)).toBe(true);
          expect(c.eligible).toBe(c.rules.every((r) => r.pass));
          expect(c.scores.map((s) => s.score)).toEqual(c.eligible ? Object.keys(scores) : []);
          expect(c.scores.every((s) => s.value >= 0 && s.value <= 100)).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('names the policy and the numbers in its summary', () => {
    expect(place(tenant(), [stamp()], defaultPolicy).summary).toMatch(
      /^eu-1 with [\d.]+ points, best of 1 eligible among 1 stamps \(policy 2026-11\)$/,
    );
    expect(place(tenant({ weight: 11 }), [stamp(), stamp({ name: 'eu-2', cordoned: true })], defaultPolicy).summary).toBe(
      'no room: 2 stamps refused, 1 by capacity, 1 by cordon (policy 2026-11)',
    );
    expect(place(tenant(), [], defaultPolicy).summary).toBe('no stamp exists yet (policy 2026-11)');
  });
});

describe('each rule refuses for its own reason, in plain words with numbers', () => {
  it.each([
    ['home-region', tenant({ homeRegion: 'us' }), stamp(), 'belongs to eu; the tenant is at home in us'],
    ['residency', tenant({ residency: ['ch'] }), stamp(), 'eu (jurisdiction eu-law) is not allowed by residency [ch]'],
    ['status', tenant(), stamp({ status: 'provisioning' }), 'status is provisioning'],
    ['cordon', tenant(), stamp({ cordoned: true, cordonReason: 'disk swap' }), 'cordoned: disk swap'],
    ['health', tenant(), stamp({ health: 'suspected' }), 'health is suspected'],
    ['isolation', tenant({ tier: 'dedicated' }), stamp(), 'the tenant is dedicated, the stamp is pooled'],
    ['isolation', tenant(), stamp({ isolation: 'dedicated' }), 'the tenant is pooled, the stamp is dedicated'],
    [
      'isolation',
      tenant({ tier: 'dedicated' }),
      stamp({ isolation: 'dedicated', tenants: 1 }),
      'the dedicated stamp has its tenant already',
    ],
    ['capacity', tenant({ weight: 4 }), stamp({ usedUnits: 5, reservedUnits: 2 }), 'needs 4 units, 3 of 10 are free'],
  ])('%s', (rule, t, s, reason) => {
    const { candidates, chosen } = place(t, [s], defaultPolicy);
    expect(chosen).toBeNull();
    expect(candidates[0]!.rules.filter((r) => !r.pass)).toEqual([{ rule, pass: false, reason }]);
  });

  it.each([
    ['a region’s name', ['eu'], true],
    ['its jurisdiction', ['eu-law'], true],
    ['one of several', ['us', 'eu'], true],
    ['another region only', ['us'], false],
    ['nothing', [], true],
  ])('residency naming %s', (_name, residency, allowed) => {
    expect(place(tenant({ residency }), [stamp()], defaultPolicy).chosen).toBe(allowed ? 'eu-1' : null);
  });
});

describe('scores', () => {
  const choose = (t: TenantFacts, ...stamps: StampFacts[]): string | null => place(t, stamps, defaultPolicy).chosen;

  it('prefer the stamp with more room in proportion', () => {
    expect(choose(tenant(), stamp({ usedUnits: 8 }), stamp({ name: 'eu-2', usedUnits: 2 }))).toBe('eu-2');
  });

  it('prefer the stamp with fewer tenants where room is equal', () => {
    expect(choose(tenant(), stamp({ usedUnits: 4, tenants: 4 }), stamp({ name: 'eu-2', usedUnits: 4, tenants: 1 }))).toBe('eu-2');
  });

  it('keep tenants from early rings unless they ask for one', () => {
    const stamps = [stamp({ ring: 'canary' }), stamp({ name: 'eu-2' })];
    expect(choose(tenant(), ...stamps)).toBe('eu-2');
    expect(choose(tenant({ labels: { ring: 'canary' } }), ...stamps)).toBe('eu-1');
  });
});
