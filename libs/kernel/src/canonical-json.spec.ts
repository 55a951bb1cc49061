import fc from 'fast-check';
import { canonicalJson, digestOf } from './canonical-json.js';

test('the order of keys makes no difference', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const turned = Object.fromEntries(Object.entries(value).reverse());
      expect(digestOf(turned)).toBe(digestOf(value));
    }),
  );
});

test('different values have different digests', () => expect(digestOf({ a: 1 })).not.toBe(digestOf({ a: '1' })));

test('what JSON cannot hold is refused', () => {
  expect(() => canonicalJson(undefined)).toThrow(TypeError);
  expect(() => canonicalJson({ a: () => 1 })).toThrow();
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  expect(() => canonicalJson(circle)).toThrow();
});
