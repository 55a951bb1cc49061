import fc from 'fast-check';
import { Deadline, DeadlineWheel, wheelTickMs } from './deadline-wheel.js';

/** A wheel whose time the test moves. */
class World {
  nowMs = 10_000;
  readonly expired: string[] = [];
  readonly reported: unknown[] = [];
  readonly wheel = new DeadlineWheel(
    (error) => void this.reported.push(error),
    () => this.nowMs,
  );

  deadline(name: string, also: () => void = () => undefined): Deadline {
    return new Deadline(() => {
      this.expired.push(name);
      also();
    });
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.wheel.turn();
  }

  end(): void {
    for (const deadline of this.armed) this.wheel.disarm(deadline);
  }

  readonly armed: Deadline[] = [];
  arm(deadline: Deadline, ms: number): void {
    this.armed.push(deadline);
    this.wheel.arm(deadline, ms);
  }
}

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.end());

describe('the deadline wheel', () => {
  it.each([0, 50, 100, 500, 10_000, 51_200, 65_000, 900_000])('a deadline of %d ms is never early and at most two ticks late', (ms) => {
    world.arm(world.deadline('a'), ms);
    const startedMs = world.nowMs;
    while (world.expired.length === 0) world.pass(37);
    const tookMs = world.nowMs - startedMs;
    expect(tookMs).toBeGreaterThanOrEqual(ms);
    expect(tookMs).toBeLessThanOrEqual(ms + 2 * wheelTickMs + 37);
    expect(world.wheel.size).toBe(0);
  });

  it('one that is pushed back expires by its last time only; one that is pulled forward too', () => {
    const one = world.deadline('one');
    world.arm(one, 500);
    world.pass(400);
    world.arm(one, 500);
    world.pass(400);
    expect(world.expired).toEqual([]);
    world.arm(one, 60_000);
    world.arm(one, 300);
    world.pass(600);
    expect(world.expired).toEqual(['one']);
  });

  it('one that expires may disarm its neighbour and arm itself again', () => {
    const two = world.deadline('two');
    const one = world.deadline('one', () => {
      world.wheel.disarm(two);
      if (world.expired.length === 1) world.arm(one, 200);
    });
    world.arm(two, 100);
    world.arm(one, 100);
    world.pass(1_000);
    world.pass(1_000);
    expect(world.expired).toEqual(['one', 'one']);
  });

  it('one whose owner throws is reported, and holds nobody else up', () => {
    const broken = world.deadline('broken', () => {
      throw new Error('broken');
    });
    world.arm(broken, 100);
    world.arm(world.deadline('other'), 100);
    world.pass(1_000);
    expect([new Set(world.expired), world.reported.length]).toEqual([new Set(['broken', 'other']), 1]);
  });

  it('a pause of the whole process lets everything that is due expire, once', () => {
    for (let i = 0; i < 100; i += 1) world.arm(world.deadline(`${i}`), i * 700);
    world.pass(10 * 60_000);
    expect(new Set(world.expired).size).toBe(100);
    expect(world.expired).toHaveLength(100);
  });

  it('any order of arming, disarming and time passing: what expires is due, and what is due expires', () => {
    const step = fc.record({ which: fc.nat(4), ms: fc.integer({ min: 0, max: 120_000 }), pass: fc.nat(3_000), disarm: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const fresh = new World();
        const due = new Map<string, number>();
        const deadlines = Array.from({ length: 5 }, (_, i) =>
          fresh.deadline(`${i}`, () => {
            expect(due.get(`${i}`)).toBeLessThanOrEqual(fresh.nowMs);
            due.delete(`${i}`);
          }),
        );
        for (const { which, ms, pass, disarm } of steps) {
          if (disarm) {
            fresh.wheel.disarm(deadlines[which]!);
            due.delete(`${which}`);
          } else {
            fresh.arm(deadlines[which]!, ms);
            due.set(`${which}`, fresh.nowMs + ms);
          }
          fresh.pass(pass);
        }
        fresh.pass(121_000);
        expect([...due.keys()]).toEqual([]);
        expect(fresh.wheel.size).toBe(0);
      }),
    );
  });
});
