import fc from 'fast-check';
import { joinSeen } from '../merge/register.js';
import { firstGeneration, isAnswered, isBroken, joinNext, lateWrites, mayPropose, type Generation, type Historied } from './generations.js';

const regions = ['ap', 'eu', 'us'] as const;
const time = (n: number, region: string): string => `${String(n).padStart(13, '0')}.0000.${region}`;
const times = fc
  .dictionary(fc.constantFrom(...regions), fc.nat(5))
  .map((all) => Object.fromEntries(Object.entries(all).map(([region, n]) => [region, time(n, region)])));
const generation: Generation = { number: 1, id: time(1, 'eu'), covers: {} };
/** A proposal says once what it covers. */
const coversOf = (n: number): Record<string, string> => ({ eu: time(n, 'eu'), us: time(1, 'us') });
const proposal = fc.record({ n: fc.integer({ min: 2, max: 4 }), isKnown: fc.boolean(), lone: times }).map(({ n, isKnown, lone }) => ({
  id: time(n, 'eu'),
  covers: isKnown ? coversOf(n) : null,
  lone,
}));
/** `alive.seen` covers what was lone. */
const state: fc.Arbitrary<Historied> = fc
  .record({ seen: times, next: fc.option(proposal, { nil: undefined }), of: fc.constantFrom(generation, undefined) })
  // A proposal is of one history: whoever is in an older one can't know of it.
  .map(({ seen, next, of }) => ({
    alive: { siblings: [], seen: joinSeen(seen, next?.lone ?? {}) },
    generation: of,
    next: of === undefined ? undefined : next,
  }));

const joined = (a: Historied, b: Historied): Historied => ({
  alive: { siblings: [], seen: joinSeen(a.alive.seen, b.alive.seen) },
  generation,
  next: joinNext(generation, a, b) ?? undefined,
});

describe('what is known of a proposal', () => {
  it('is joined commutatively, associatively and idempotently (G5, I6)', () => {
    fc.assert(
      fc.property(state, state, state, (a, b, c) => {
        expect(joined(a, b)).toEqual(joined(b, a));
        expect(joined(joined(a, b), c)).toEqual(joined(a, joined(b, c)));
        const ab = joined(a, b);
        expect(joined(ab, ab)).toEqual(ab);
        expect(joined(ab, b)).toEqual(ab);
      }),
    );
  });

  it('is broken for good by a write that it does not cover, and whoever does not know it wrote alone (G2)', () => {
    const covers = { eu: time(3, 'eu') };
    const knows: Historied = { alive: { siblings: [], seen: covers }, generation, next: { id: time(3, 'eu'), covers, lone: covers } };
    const alone: Historied = { alive: { siblings: [], seen: { us: time(2, 'us') } }, generation };
    expect(isBroken(knows.next!)).toBe(false);
    expect(isAnswered(knows.next)).toBe(true);
    const broken = joined(knows, alone);
    expect(isBroken(broken.next!)).toBe(true);
    expect(isBroken(joined(broken, knows).next!)).toBe(true);
    expect(isAnswered(broken.next)).toBe(false);
    const answered: Historied = { ...alone, next: { id: time(3, 'eu'), covers: null, lone: {} } };
    expect(isBroken(joined(knows, answered).next!)).toBe(false);
    expect(isAnswered(answered.next)).toBe(false);
  });

  it('keeps others from proposing while it may be committed (G3)', () => {
    const covers = { eu: time(3, 'eu') };
    const next = { id: time(3, 'eu'), covers, lone: covers };
    const cases: [Historied['next'], string, string[], boolean][] = [
      [undefined, 'us', ['eu'], true],
      [next, 'us', ['eu'], false],
      [next, 'eu', ['us'], false],
      [{ ...next, lone: { us: time(1, 'us') } }, 'us', ['eu'], true],
      [{ ...next, covers: null }, 'us', ['eu'], false],
      [{ ...next, covers: null }, 'eu', ['us'], true],
      [next, 'us', ['ap'], true],
    ];
    for (const [known, region, others, may] of cases) expect(mayPropose(known, region, others)).toBe(may);
  });

  it('tells which writes an ended history has that the one which holds has not (G4)', () => {
    const holds: Generation = { number: 1, id: time(4, 'eu'), covers: { eu: time(3, 'eu') } };
    const older: Historied = { alive: { siblings: [], seen: { eu: time(3, 'eu'), us: time(9, 'us') } }, generation: firstGeneration };
    expect(lateWrites(older, holds)).toEqual({ us: time(9, 'us') });
    expect(lateWrites({ ...older, next: { id: holds.id, covers: null, lone: {} } }, holds)).toEqual({});
  });
});
