import fc from 'fast-check';
import { head, openPair, smallWindows, type Heard, type LinkPair } from './link-pair.fixture.js';

/**
 * Anything that owners and network can do, in any order: every stream says its own number over and over in both
 * directions, so that one byte in the wrong place shows.
 */
type Step =
  | { readonly do: 'ask'; readonly bytes: number; readonly isReading: boolean }
  | { readonly do: 'answer'; readonly which: number; readonly bytes: number }
  | { readonly do: 'more' | 'read' | 'cancel' | 'fail'; readonly which: number }
  | { readonly do: 'deliver'; readonly to: 'agent' | 'router'; readonly bytes: number }
  | { readonly do: 'congest'; readonly end: 'agent' | 'router'; readonly is: boolean };

const which = fc.nat(40);
const size = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 60_000 }));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('ask' as const), bytes: size, isReading: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('answer' as const), which, bytes: size }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('more' as const, 'read' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('cancel' as const, 'fail' as const), which }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('deliver' as const),
      to: fc.constantFrom('agent' as const, 'router' as const),
      bytes: fc.integer({ min: 1, max: 30_000 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('congest' as const),
      end: fc.constantFrom('agent' as const, 'router' as const),
      is: fc.boolean(),
    }),
  },
);

class World {
  readonly pair: LinkPair = openPair();
  readonly heard: Heard[] = [];
  readonly sent: number[] = [];
  readonly answered = new Map<number, number>();
  readonly given = new Set<number>();

  run(steps: readonly Step[]): void {
    for (const one of steps) this.step(one);
  }

  step(one: Step): void {
    const { pair } = this;
    switch (one.do) {
      case 'ask': {
        if (!pair.router.hasRoom) return;
        const heard = pair.ask(`${this.heard.length}`, one.bytes === 0);
        heard.isReading = one.isReading;
        this.heard.push(heard);
        this.sent.push(one.bytes);
        this.say(heard, this.heard.length - 1, one.bytes);
        return;
      }
      case 'answer': {
        const asked = pair.asked[one.which % Math.max(1, pair.asked.length)];
        const number = Number(asked?.text.trim());
        if (asked === undefined || this.answered.has(number)) return;
        if (!asked.stream.sendHead(head(`answer ${number}`), one.bytes === 0)) return;
        this.answered.set(number, one.bytes);
        this.say(asked, number, one.bytes);
        return;
      }
      case 'read':
        this.heard[one.which]?.read();
        pair.asked[one.which]?.read();
        return;
      case 'more':
        pair.asked.forEach((asked, i) => (asked.isReading = (i + one.which) % 2 === 0));
        return;
      case 'cancel':
        this.give(one.which, this.heard[one.which]);
        return;
      case 'fail':
        this.give(Number(pair.asked[one.which]?.text.trim()), pair.asked[one.which]);
        return;
      case 'deliver':
        pair.flush();
        pair.deliver(one.to, one.bytes);
        return;
      case 'congest':
        pair[one.end].setCongested(one.is);
        return;
    }
  }

  /** Writes a stream's number, then ends it; the stream keeps what it may not send yet. */
  private say(by: Heard, number: number, bytes: number): void {
    if (bytes > 0) by.stream.write(Buffer.alloc(bytes, number + 1), true);
  }

  private give(number: number, by: Heard | undefined): void {
    if (by === undefined) return;
    by.stream.reset('failed');
    this.given.add(number);
  }

  check(): void {
    const { pair } = this;
    expect([pair.routerLog, pair.agentLog]).toEqual([['open'], ['open']]);
    expect(pair.router.credit.left).toBeGreaterThanOrEqual(0);
    expect(pair.agent.credit.left).toBeGreaterThanOrEqual(0);
    for (const one of [...this.heard, ...pair.asked]) expect(one.unread).toBeLessThanOrEqual(smallWindows.streamWindowBytes);
    this.heard.forEach((heard, i) => this.isOwn(heard.body, i, this.answered.get(i) ?? 0));
    for (const asked of pair.asked) this.isOwn(asked.body, Number(asked.text.trim()), this.sent[Number(asked.text.trim())]!);
  }

  private isOwn(body: Buffer, number: number, bytesMax: number): void {
    expect(body.length).toBeLessThanOrEqual(bytesMax);
    expect(body.equals(Buffer.alloc(body.length, number + 1))).toBe(true);
  }

  /** Everybody reads, everything is answered, and everything arrives. */
  finish(): void {
    const { pair } = this;
    pair.router.setCongested(false);
    pair.agent.setCongested(false);
    for (let round = 0; round < 3; round++) {
      for (const one of [...this.heard, ...pair.asked]) {
        one.isReading = true;
        one.read();
      }
      pair.settle();
      pair.asked.forEach((_, i) => this.step({ do: 'answer', which: i, bytes: 0 }));
      pair.settle();
    }
    this.check();
    expect([pair.router.streamCount, pair.agent.streamCount]).toEqual([0, 0]);
    this.heard.forEach((heard, i) => {
      const ends = Number(heard.isEnded) + heard.resets.length + heard.losses.length;
      if (this.given.has(i)) return expect(ends).toBeLessThanOrEqual(1);
      expect([i, heard.isEnded, heard.heads, heard.body.length]).toEqual([i, true, [`answer ${i}\r\n\r\n`], this.answered.get(i)]);
    });
  }
}

describe('many streams on one link, in any order of anything', () => {
  it('get their own bytes and no others (L1), within their windows (L3), and all of them end (L2)', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const world = new World();
        for (const one of steps) {
          world.step(one);
          world.check();
        }
        world.finish();
      }),
      { numRuns: 150 },
    );
  });

  it('a changed byte never crashes or hangs an end, nor ends a stream twice', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(5_000), fc.integer({ min: 1, max: 255 }), (steps, at, flip) => {
        const world = new World();
        world.run(steps);
        const { pair } = world;
        pair.flush();
        if (pair.toRouter.length === 0) return;
        const i = at % pair.toRouter.length;
        pair.toRouter[i] = pair.toRouter[i]! ^ flip;
        pair.deliver('router');
        pair.settle();
        pair.router.close('broken', 'end');
        for (const heard of world.heard) expect(Number(heard.isEnded) + heard.resets.length + heard.losses.length).toBeLessThanOrEqual(1);
      }),
    );
  });
});
