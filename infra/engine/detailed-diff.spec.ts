import fc from 'fast-check';
import { detailedDiff } from './detailed-diff.js';
import { dotted, formatPath, parsePath, valueAt, type PropertyPath } from './property-path.js';
import { secret, unknownValue, type PropertyMap } from './property-values.js';

const differences = (olds: PropertyMap, news: PropertyMap) => detailedDiff(olds, news).map(({ kind, path }) => `${kind} ${dotted(path)}`);

describe('a detailed difference', () => {
  test('names the leaf in maps and lists', () => {
    const old = { ingress: [{ port: 80 }, { port: 443 }], tags: { a: '1', b: '2' }, size: 1, gone: { deep: true } };
    expect(differences(old, { ingress: [{ port: 80 }, { port: 8443 }, { port: 1 }], tags: { a: '1', c: '3' }, size: 1 })).toEqual([
      'delete gone',
      'update ingress.1.port',
      'add ingress.2',
      'delete tags.b',
      'add tags.c',
    ]);
  });

  test('an unknown differs from everything, and only where it stands', () => {
    expect(differences({ a: { x: 1, y: 2 } }, { a: { x: unknownValue, y: 2 } })).toEqual(['update a.x']);
  });

  test('a secret is one leaf: nothing of its inside shows, and to become one is no change', () => {
    expect(differences({ s: secret({ inner: 'one' }) }, { s: secret({ inner: 'two' }) })).toEqual(['update s']);
    expect(differences({ s: 'same' }, { s: secret('same') })).toEqual([]);
    expect(differences({ env: { A: secret('x'), B: '1' } }, { env: { A: secret('x'), B: '2' } })).toEqual(['update env.B']);
  });

  test('a property that is left out and one that is null are the same', () => {
    expect(differences({ a: null }, {})).toEqual([]);
    expect(differences({}, { a: null })).toEqual([]);
  });

  test('what is equal differs nowhere, what differs nowhere is equal', () => {
    const values = fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<PropertyMap>;
    fc.assert(fc.property(values, (value) => detailedDiff(value, structuredClone(value)).length === 0));
    fc.assert(
      fc.property(values, values, (a, b) =>
        detailedDiff(a, b).every(({ path }) => JSON.stringify(valueAt(a, path)) !== JSON.stringify(valueAt(b, path))),
      ),
    );
  });
});

describe('a path', () => {
  test('is read as the real CLI writes it', () => {
    expect(parsePath('ingress[0].fromPort')).toEqual(['ingress', 0, 'fromPort']);
    expect(parsePath('tags["a.b"].c')).toEqual(['tags', 'a.b', 'c']);
    expect(parsePath('a.b["x\\"y"]')).toEqual(['a', 'b', 'x"y']);
  });

  test('survives being written and read, whatever its keys are', () => {
    const part = fc.oneof(fc.nat(1000), fc.string({ minLength: 1 }));
    const paths = fc.tuple(fc.string({ minLength: 1 }), fc.array(part)).map(([first, rest]): PropertyPath => [first, ...rest]);
    fc.assert(fc.property(paths, (path) => expect(parsePath(formatPath(path))).toEqual(path) === undefined));
  });
});
