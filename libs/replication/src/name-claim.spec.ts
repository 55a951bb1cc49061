import fc from 'fast-check';
import { compareClaims, winnerOf } from './name-claim.js';

const claim = fc.record({ region: fc.constantFrom('eu', 'us', 'ap'), hlc: fc.constantFrom('1', '2', '3') });

describe('name claims', () => {
  it('have one winner, whoever is heard of first (I6)', () => {
    fc.assert(
      fc.property(claim, claim, (a, b) => {
        expect(winnerOf(a, b).winner).toEqual(winnerOf(b, a).winner);
      }),
    );
  });

  it('of three regions end with the same winner in every order of meeting', () => {
    fc.assert(
      fc.property(claim, claim, claim, (a, b, c) => {
        const orders = [
          [a, b, c],
          [c, b, a],
          [b, a, c],
          [c, a, b],
        ] as const;
        const winners = orders.map(([x, y, z]) => winnerOf(winnerOf(x, y).winner, z).winner);
        for (const w of winners) expect(compareClaims(w, winners[0]!)).toBe(0);
      }),
    );
  });

  it('go to the earlier one, then to the lower region id', () => {
    expect(winnerOf({ region: 'us', hlc: '1' }, { region: 'eu', hlc: '2' }).winner.region).toBe('us');
    expect(winnerOf({ region: 'us', hlc: '1' }, { region: 'eu', hlc: '1' }).winner.region).toBe('eu');
  });
});
