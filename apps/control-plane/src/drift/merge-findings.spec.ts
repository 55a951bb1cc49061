import fc from 'fast-check';
import { bounded, differencesOf, type Difference, type Look } from './difference.js';
import { mergeFindings, type OpenFinding } from './merge-findings.js';

const difference = (subject: string, path: string, observed: unknown = 1): Difference => ({
  kind: 'resource',
  subject,
  path,
  expected: 0,
  observed,
  severity: 'warning',
  owner: 'platform',
});
const look = (looked: string[], differences: Difference[] = []): Look => ({ kind: 'resource', looked, skipped: [], differences });
const open = (id: string, subject: string, path: string, kind = 'resource'): OpenFinding => ({ id, kind, subject, path });

describe('merging a look into the open findings', () => {
  it('a difference appears once, is seen again, and vanishes when its subject is in order', () => {
    const first = mergeFindings([], look(['stamp/eu-1'], [difference('stamp/eu-1', 'a')]));
    expect(first).toMatchObject({ appear: [{ path: 'a' }], seen: [], vanish: [] });
    const known = [open('1', 'stamp/eu-1', 'a')];
    expect(mergeFindings(known, look(['stamp/eu-1'], [difference('stamp/eu-1', 'a', 2)]))).toMatchObject({
      appear: [],
      seen: [{ id: '1', difference: { observed: 2 } }],
      vanish: [],
    });
    expect(mergeFindings(known, look(['stamp/eu-1']))).toEqual({ appear: [], seen: [], vanish: ['1'] });
  });

  it('a look that left a subject out resolves nothing of it', () => {
    expect(mergeFindings([open('1', 'stamp/eu-1', 'a')], look(['stamp/eu-2']))).toEqual({ appear: [], seen: [], vanish: [] });
  });

  it('findings of another kind are another sensor’s to resolve', () => {
    expect(mergeFindings([open('1', 'stamp/eu-1', 'a', 'spec')], look(['stamp/eu-1'])).vanish).toEqual([]);
  });

  it('for any history: what stands after a look is what was seen, plus what was not looked at; again changes nothing', () => {
    const subjects = ['s/1', 's/2', 's/3'];
    const key = fc.record({ subject: fc.constantFrom(...subjects), path: fc.constantFrom('a', 'b', 'c') });
    const looks = fc.record({ looked: fc.subarray(subjects), seen: fc.uniqueArray(key, { selector: (k) => `${k.subject} ${k.path}` }) });
    fc.assert(
      fc.property(fc.array(looks, { maxLength: 8 }), (history) => {
        let standing: OpenFinding[] = [];
        const apply = (l: Look): void => {
          const { appear, vanish } = mergeFindings(standing, l);
          standing = standing.filter((f) => !vanish.includes(f.id));
          standing.push(...appear.map((d) => open(`${d.subject} ${d.path}`, d.subject, d.path)));
        };
        for (const { looked, seen } of history) {
          const before = standing.map((f) => f.id);
          const now = look(
            looked,
            seen.filter((s) => looked.includes(s.subject)).map((s) => difference(s.subject, s.path)),
          );
          apply(now);
          const expected = [
            ...now.differences.map((d) => `${d.subject} ${d.path}`),
            ...before.filter((id) => !looked.includes(id.split(' ')[0]!)),
          ].sort();
          expect(standing.map((f) => f.id).sort()).toEqual(expected);
          const again = mergeFindings(standing, now);
          expect([again.appear, again.vanish]).toEqual([[], []]);
        }
      }),
    );
  });
});

describe('differences of two values', () => {
  it('are told at the deepest path, with both sides', () => {
    expect(differencesOf({ ring: 'broad', capacity: { units: 50 } }, { ring: 'canary', capacity: { units: 50 }, extra: 1 })).toEqual([
      { path: 'extra', expected: null, observed: 1 },
      { path: 'ring', expected: 'broad', observed: 'canary' },
    ]);
  });

  it('the order of keys is none, that of lists is one', () => {
    expect(differencesOf({ a: 1, b: 2 }, { b: 2, a: 1 })).toEqual([]);
    expect(differencesOf([1, 2], [2, 1])).toHaveLength(1);
  });

  it('a value is never equal to one that differs, however long: its digest is told', () => {
    const [found] = differencesOf('x'.repeat(5_000), 'y'.repeat(5_000));
    expect(found).toMatchObject({ expected: { characters: 5_002 }, observed: { characters: 5_002 } });
    expect(found!.expected).not.toEqual(found!.observed);
    expect(bounded(undefined)).toBeNull();
  });
});
