import fc from 'fast-check';
import { holdingBack, isStable, ofRegions, type Declaration } from './stability.js';

const at = (sequence: number) => ({ epoch: 1, sequence });
const said = (sequence: number, known: Record<string, number>): Declaration => ({
  epoch: 1,
  sequence,
  known: Object.fromEntries(Object.entries(known).map(([region, n]) => [region, at(n)])),
});
const others = ['ap', 'us'];

describe('causal stability, as eu sees it', () => {
  const known = { ap: at(5), eu: at(9), us: at(7) };

  it('is reached where every other region has said that it knows', () => {
    const declared = new Map([
      ['ap', said(5, { eu: 9 })],
      ['us', said(7, { eu: 9, ap: 5 })],
    ]);
    expect(isStable({ eu: at(9) }, others, declared, known)).toBe(true);
    expect(holdingBack({ eu: at(9), ap: at(5) }, others, declared, known)).toEqual(['ap']);
  });

  it.each<[string, Map<string, Declaration>]>([
    ['has said nothing', new Map([['us', said(7, { eu: 9 })]])],
    [
      'has said it before it knew',
      new Map([
        ['ap', said(5, { eu: 8 })],
        ['us', said(7, { eu: 9 })],
      ]),
    ],
    // What it told before it said so may stand on what was there before.
    [
      'has said so behind something that is held here',
      new Map([
        ['ap', said(6, { eu: 9 })],
        ['us', said(7, { eu: 9 })],
      ]),
    ],
  ])('is held back by a region that %s', (_, declared) => {
    expect(holdingBack({ eu: at(9) }, others, declared, known)).toEqual(['ap']);
  });

  it('is held back for good by what a region has said last that is gone, where another one did not hear it: unless only those count that are left', () => {
    const declared = new Map([['us', said(7, { eu: 9, ap: 4, us: 7 })]]);
    const what = { eu: at(9), ap: at(5), us: at(7) };
    expect(isStable(what, ['us'], declared, known)).toBe(false);
    expect(isStable(ofRegions(what, ['eu', 'us']), ['us'], declared, known)).toBe(true);
    expect(isStable(ofRegions(what, ['eu', 'us']), ['us'], new Map([['us', said(7, { eu: 8, ap: 5, us: 7 })]]), known)).toBe(false);
  });

  it('never ends: who knows more still knows it', () => {
    const vector = fc.record({ ap: fc.nat(9), eu: fc.nat(9), us: fc.nat(9) });
    fc.assert(
      fc.property(vector, vector, vector, vector, (what, ap, us, more) => {
        const asked = said(0, what).known;
        const declared = new Map([
          ['ap', said(1, ap)],
          ['us', said(1, us)],
        ]);
        if (!isStable(asked, others, declared, known)) return;
        const later = (v: typeof ap) => said(2, { ap: v.ap + more.ap, eu: v.eu + more.eu, us: v.us + more.us });
        expect(
          isStable(
            asked,
            others,
            new Map([
              ['ap', later(ap)],
              ['us', later(us)],
            ]),
            known,
          ),
        ).toBe(true);
      }),
    );
  });
});
