import fc from 'fast-check';
import { formatCausalToken, mergeCausalTokens, parseCausalToken, type CausalToken } from './causal-token.js';

const entry = fc.record({
  epoch: fc.integer({ min: 1, max: 3 }),
  sequence: fc.nat(1_000),
  events: fc
    .uniqueArray(fc.constantFrom('01ARZ3NDEKTSV4RRFFQ69G5FAA', '01ARZ3NDEKTSV4RRFFQ69G5FAB', '01ARZ3NDEKTSV4RRFFQ69G5FAC'))
    .map((e) => e.sort()),
});
const token: fc.Arbitrary<CausalToken> = fc
  .dictionary(fc.constantFrom('ap', 'eu', 'us-west'), entry)
  .map((d) => new Map(Object.entries(d)));

describe('a causal token', () => {
  it('says the same after it was written and read', () => {
    fc.assert(fc.property(token, (t) => expect(parseCausalToken(formatCausalToken(t))).toEqual(t)));
  });

  it('covers whatever either of two tokens covers, in any order of merging', () => {
    fc.assert(
      fc.property(token, token, (a, b) => {
        const merged = mergeCausalTokens(a, b);
        expect(merged).toEqual(new Map(mergeCausalTokens(b, a)));
        for (const [region, { events }] of [...a, ...b]) expect(merged.get(region)!.events).toEqual(expect.arrayContaining([...events]));
      }),
    );
  });

  it('is refused where it is rubbish', () => {
    for (const text of ['eu', 'eu=1', 'eu=1.2~x', 'EU=1.2', 'eu=1.2;us=1.3', 'eu=1.2,'.repeat(200)])
      expect(parseCausalToken(text)).toBeNull();
    fc.assert(fc.property(fc.string(), (text) => expect(() => parseCausalToken(text)).not.toThrow()));
  });
});
