import * as Automerge from '@automerge/automerge';
import { performance } from 'node:perf_hooks';
import { actorOf } from './document-actor.js';
import { DocumentEngine } from './document-engine.js';
import { levelsMax } from './refuse-deep.js';

const actor = actorOf('zz', 1);
const id = (n: number): string => `${n}@${actor}`;
/** A change that makes `levels` objects in each other, below an object of this one's, behind these changes. */
const deepChange = (levels: number, { seq = 1, below = 0, deps = [] as string[] } = {}): Uint8Array =>
  Automerge.encodeChange({
    actor,
    seq,
    startOp: below + 1,
    time: 0,
    message: null,
    author: null,
    deps,
    ops: Array.from({ length: levels }, (_, i) => {
      const parent = below + i;
      return { action: 'makeMap' as const, obj: parent === 0 ? '_root' : id(parent), key: 'a', pred: [] };
    }),
  });
const whole = (levels: number): Uint8Array => Automerge.save(Automerge.load(deepChange(levels)));
const missing = ['ab'.repeat(32)];

describe('a nested document of thousands of levels', () => {
  it.each<[string, () => Uint8Array]>([
    ['a change', () => deepChange(5_000)],
    ['a whole document', () => whole(5_000)],
    ['a change that hangs on what has not come', () => deepChange(5_000, { below: 9, deps: missing })],
    ['one behind a whole document', () => Buffer.concat([whole(2), deepChange(5_000, { below: 9, seq: 2, deps: missing })])],
  ])('is refused at once as %s (P-SC3)', (_, part) => {
    const bytes = part();
    const engine = new DocumentEngine(actorOf('eu', 1));
    // The quickest of some: a busy machine is late once, what goes through all levels each time.
    const tookMs = Array.from({ length: 3 }, () => {
      const begun = performance.now();
      expect(() => engine.take('k', null, [bytes])).toThrow(expect.objectContaining({ code: 'poison_event' }));
      return performance.now() - begun;
    });
    expect(Math.min(...tookMs)).toBeLessThan(2_000);
    expect(engine.isBroken()).toBe(false);
  });

  it('is refused where it grows so change by change', () => {
    const engine = new DocumentEngine(actorOf('eu', 1));
    const first = deepChange(60);
    const second = deepChange(60, { seq: 2, below: 60, deps: [Automerge.decodeChange(first).hash] });
    const { bytes } = engine.take('k', null, [first]);
    expect(() => engine.take('k', bytes, [second])).toThrow(expect.objectContaining({ code: 'poison_event' }));
    expect(engine.take('k', bytes, []).bytes).toEqual(bytes);
  });

  it('is as deep as the API lets one be', () => {
    expect(new DocumentEngine(actorOf('eu', 1)).take('k', null, [deepChange(levelsMax - 1)]).changes).toBe(1);
  });
});
