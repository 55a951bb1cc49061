import { createHash } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { actorOf } from './document-actor.js';
import { DocumentEngine } from './document-engine.js';

const leb = (n: number): number[] => (n < 128 ? [n] : [(n % 128) + 128, ...leb(Math.floor(n / 128))]);
/** With the check sum that Automerge asks for, which is of what a change inflates to. */
const chunkOf = (type: number, contents: Uint8Array, summed = contents, summedType = type): Uint8Array => {
  const sum = createHash('sha256')
    .update(Buffer.from([summedType, ...leb(summed.length)]))
    .update(summed)
    .digest();
  return Buffer.concat([Buffer.from([0x85, 0x6f, 0x4a, 0x83]), sum.subarray(0, 4), Buffer.from([type, ...leb(contents.length)]), contents]);
};
const large = Buffer.alloc(16 * 1024 * 1024);
const deflated = deflateRawSync(large);
const edit = { op: 'set', path: ['notes'], value: 'a long text that repeats itself; '.repeat(1_000) } as const;
const engineOf = (region: string): DocumentEngine => new DocumentEngine(actorOf(region, 1));
const whole = (): Uint8Array => engineOf('eu').edit('k', null, { notes: '' }, [edit], ['notes']).bytes;

const change = (): Uint8Array => chunkOf(2, deflated, large, 1);
it.each<[string, () => Uint8Array]>([
  ['change', change],
  ['document', () => chunkOf(0, Buffer.from([0, 0, 1, 8 + 3, ...leb(deflated.length), 0, ...deflated]))],
  ['change behind a document', () => Buffer.concat([whole(), change()])],
])('a small %s that inflates to 16 MB is refused before Automerge inflates it (P-SC3)', (_, part) => {
  const engine = engineOf('us');
  expect(part().length).toBeLessThan(20_000);
  expect(() => engine.take('k', null, [part()])).toThrow('can’t be inflated, or to more than any of ours');
  expect(engine.take('k', null, [whole()]).value).toEqual({ notes: edit.value });
});

it('what our own have deflated is taken', () => {
  const bytes = whole();
  expect(bytes.length).toBeLessThan(edit.value.length / 10);
  expect(engineOf('us').take('k', null, [bytes]).value).toEqual({ notes: edit.value });
});
