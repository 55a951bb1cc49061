import { newId } from '@lapidary/kernel/ids';
import fc from 'fast-check';
import { addRoots, BucketTable, emptyRoot, sameRoot } from './bucket-table.js';
import { decodeSketch } from './decode-sketch.js';
import { bucketOf, bucketOfElement, elementName, elementNamed, elementOf, elementOfInt8, type Element } from './element.js';
import { SetDigest } from './set-digest.js';
import { Sketch } from './sketch.js';
import { eachSymbolOf, isInSymbol } from './symbol-mapping.js';

const word = fc.integer({ min: 0, max: 0xffff_ffff });
const element = fc.record({ high: word, low: word });
const distinct = (max: number) => fc.uniqueArray(element, { maxLength: max, selector: elementName });
const names = (list: readonly Element[]): string[] => list.map(elementName).sort();
/** A set of its own for each call: spread like hashes, which elements are. */
const someElements = (count: number): Element[] => {
  const salt = newId();
  return Array.from({ length: count }, (_, i) => elementOf('', `d${i}`, salt));
};
const sketchOf = (list: readonly Element[], length: number): Sketch => {
  const sketch = new Sketch(length);
  for (const e of list) sketch.add(e);
  return sketch;
};

describe('elements', () => {
  it('keep the bucket of their key, whatever the row holds', () => {
    for (const digest of ['a', 'b', 'c']) expect(bucketOfElement(elementOf('acme', 'd1', digest))).toBe(bucketOf('acme', 'd1'));
  });

  it('differ by key, tenant and content', () => {
    const all = [elementOf('a', 'd1', 'x'), elementOf('a', 'd2', 'x'), elementOf('b', 'd1', 'x'), elementOf('a', 'd1', 'y')];
    expect(new Set(all.map(elementName)).size).toBe(all.length);
  });

  it('are the same by name and as the database tells them', () => {
    fc.assert(
      fc.property(element, (e) => {
        expect(elementNamed(elementName(e))).toEqual(e);
        const signed = BigInt.asIntN(64, (BigInt(e.high) << 32n) | BigInt(e.low));
        expect(elementOfInt8(String(signed))).toEqual(e);
      }),
    );
    expect(elementNamed('0123')).toBeNull();
  });
});

describe('the mapping to symbols', () => {
  it('begins at 0, ascends, and knows its own members', () => {
    fc.assert(
      fc.property(element, (e) => {
        const indices: number[] = [];
        eachSymbolOf(e, 300, (i) => indices.push(i));
        expect(indices[0]).toBe(0);
        expect(indices.every((x, i) => i === 0 || x > indices[i - 1]!)).toBe(true);
        for (let i = 0; i < 300; i++) expect(isInSymbol(e, i)).toBe(indices.includes(i));
      }),
      { numRuns: 30 },
    );
  });

  it('has an element in symbol i with a probability of 1 / (1 + i/2)', () => {
    // The same ones in each run: of others, one run in thousands would be further off.
    const all = Array.from({ length: 5_000 }, (_, i) => elementOf('', `d${i}`, 'the same'));
    for (const i of [0, 1, 10, 100]) {
      const share = all.filter((e) => isInSymbol(e, i)).length / all.length;
      expect(Math.abs(share / (1 / (1 + i / 2)) - 1)).toBeLessThan(0.35);
    }
  });
});

describe('a sketch', () => {
  it('gives exactly the difference of two sets, or nothing (any sets, any length)', () => {
    fc.assert(
      fc.property(distinct(40), distinct(40), distinct(40), fc.integer({ min: 1, max: 200 }), (both, here, there, length) => {
        const known = new Set([...names(both), ...names(here)]);
        const fresh = there.filter((e) => !known.has(elementName(e)));
        const mine = here.filter((e) => !names(both).includes(elementName(e)));
        const found = decodeSketch(sketchOf([...both, ...mine], length).minus(sketchOf([...both, ...fresh], length)));
        if (found === null) return;
        expect(names(found.onlyHere)).toEqual(names(mine));
        expect(names(found.onlyThere)).toEqual(names(fresh));
      }),
    );
  });

  it.each([200, 700])('of 1.7 symbols an element finds %d differing elements nearly always', (count) => {
    const rounds = 20;
    let found = 0;
    for (let round = 0; round < rounds; round++) {
      const all = someElements(count);
      const length = Math.ceil(count * 1.7);
      const difference = decodeSketch(sketchOf(all.slice(0, count / 2), length).minus(sketchOf(all.slice(count / 2), length)));
      if (difference) found++;
    }
    expect(found).toBeGreaterThanOrEqual(rounds - 1);
  });

  it('needs some 1.35 to 1.5 symbols an element', () => {
    const count = 600;
    const all = someElements(count);
    let needed = count;
    while (decodeSketch(sketchOf(all, needed)) === null) needed += 6;
    expect(needed / count).toBeGreaterThan(1.1);
    expect(needed / count).toBeLessThan(1.6);
  });

  it('is the same whatever the order, and after anything was added and taken out again', () => {
    fc.assert(
      fc.property(distinct(30), distinct(30), (stay, go) => {
        const sketch = sketchOf([...go, ...stay], 64);
        for (const e of go) sketch.remove(e);
        expect(sketch.toBytes()).toEqual(sketchOf([...stay].reverse(), 64).toBytes());
      }),
    );
  });

  it('survives the wire, in part too, and nothing else is taken for one', () => {
    const sketch = sketchOf(someElements(50), 40);
    expect(Sketch.fromBytes(sketch.toBytes())!.toBytes()).toEqual(sketch.toBytes());
    expect(sketch.toBytes(10, 20)).toEqual(sketch.toBytes().subarray(110, 220));
    expect(Sketch.fromBytes(new Uint8Array(12))).toBeNull();
  });

  it('of rubbish gives nothing and ends', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 11, maxLength: 1_100 }), (bytes) => {
        const rubbish = Sketch.fromBytes(bytes.subarray(0, bytes.length - (bytes.length % 11)))!;
        const found = decodeSketch(rubbish);
        if (found !== null) expect(rubbish.toBytes()).toEqual(sketchOfDifference(found, rubbish.length).toBytes());
      }),
    );
  });

  it('whose every symbol pretends to be one element ends after as many elements as it has symbols', () => {
    const hostile = new Sketch(500);
    for (let i = 0; i < hostile.length; i++) {
      const only = someElements(200).find((e) => isInSymbol(e, i)) ?? someElements(1)[0]!;
      hostile.changeSymbol(i, only, sketchOf([only], 1).check[0]!, 1);
    }
    expect(decodeSketch(hostile)).toBeNull();
  });
});

const sketchOfDifference = (d: { onlyHere: readonly Element[]; onlyThere: readonly Element[] }, length: number): Sketch =>
  sketchOf(d.onlyHere, length).minus(sketchOf(d.onlyThere, length));

describe('a bucket table', () => {
  it('comes to the sum of what is in it, whatever came and went', () => {
    fc.assert(
      fc.property(distinct(50), distinct(50), (stay, go) => {
        const table = new BucketTable();
        for (const e of [...go, ...stay]) table.add(e);
        for (const e of go) table.remove(e);
        const sum = stay.reduce((s, e) => addRoots(s, { rows: 1, sum: (BigInt(e.high) << 32n) | BigInt(e.low) }), emptyRoot);
        expect(sameRoot(table.root, sum)).toBe(true);
        expect(BucketTable.fromBytes(table.toBytes())!.root).toEqual(table.root);
      }),
    );
  });

  it('says where two sets differ', () => {
    const all = someElements(300);
    const [a, b] = [new BucketTable(), new BucketTable()];
    for (const e of all) a.add(e);
    for (const e of all.slice(3)) b.add(e);
    expect(a.differing(b)).toEqual([...new Set(all.slice(0, 3).map(bucketOfElement))].sort((x, y) => x - y));
  });

  it('shows an element that was added twice', () => {
    const [once, twice] = [new SetDigest(), new SetDigest()];
    const [e] = someElements(1);
    once.apply({ removed: null, added: e! });
    for (let i = 0; i < 3; i++) twice.apply({ removed: null, added: e! });
    expect(sameRoot(once.root, twice.root)).toBe(false);
  });
});
