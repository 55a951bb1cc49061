import { refusalsAtOnce, refusalsPerSecond, refusalTickMs, RefusalTurns, type Refusable } from './refusal-turns.js';

let nowMs = 0;
let told: string[] = [];
let turns: RefusalTurns;
const someone = (name: string): Refusable => ({ onTurn: () => void told.push(name) });
const names = (name: string, count: number): Refusable[] => Array.from({ length: count }, (_, i) => someone(`${name}${i}`));
const pass = (ms: number): void => {
  for (const endMs = nowMs + ms; nowMs < endMs;) {
    nowMs += refusalTickMs;
    turns.turn();
  }
};
const useUp = (): void => {
  while (turns.mayAnswer());
};

beforeEach(() => {
  nowMs = 0;
  told = [];
  turns = new RefusalTurns(
    (error) => told.push(String(error)),
    () => nowMs,
    (next) => next(),
  );
});
afterEach(() => turns.open());

describe('refusals in turns', () => {
  it('answers some at once, and never more than the bound over any time', () => {
    let answered = 0;
    for (nowMs = 0; nowMs <= 3_000; nowMs += 1) {
      while (turns.mayAnswer()) answered += 1;
      expect(answered).toBeLessThanOrEqual(refusalsAtOnce + (nowMs * refusalsPerSecond) / 1000);
    }
    expect(answered).toBe(refusalsAtOnce + 3 * refusalsPerSecond);
  });

  it('lets nobody pass those that wait', () => {
    useUp();
    turns.wait('noisy', someone('first'));
    nowMs += 1_000;
    expect(turns.mayAnswer()).toBe(false);
    turns.turn();
    expect(told).toEqual(['first']);
    expect(turns.mayAnswer()).toBe(true);
  });

  it('keeps clients that come back at once, however many they are, to the bound', () => {
    useUp();
    let refused = 0;
    const client = (): Refusable => {
      const comesBack: Refusable = {
        onTurn: () => {
          refused += 1;
          if (!turns.mayAnswer()) turns.wait('noisy', comesBack);
        },
      };
      return comesBack;
    };
    const clients = Array.from({ length: 1_000 }, client);
    for (const client of clients) turns.wait('noisy', client);
    pass(2_000);
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThanOrEqual(2 * refusalsPerSecond);
  });

  it('takes tenants in turns: one refusal waits for one of each other tenant, not for all of a noisy one', () => {
    useUp();
    for (const who of names('noisy', 500)) turns.wait('noisy', who);
    turns.wait('quiet', someone('quiet'));
    pass(refusalTickMs);
    expect(told.slice(0, 3)).toEqual(['noisy0', 'quiet', 'noisy1']);
  });

  it('forgets who leaves, and goes on behind one that throws', () => {
    useUp();
    const [gone, stays] = names('a', 2) as [Refusable, Refusable];
    turns.wait('a', gone);
    turns.wait('a', { onTurn: () => { throw new Error('broken'); } }); // oxfmt-ignore
    turns.wait('a', stays);
    turns.leave('a', gone);
    turns.leave('a', gone);
    expect(turns.waiting).toBe(2);
    pass(refusalTickMs);
    expect(told).toEqual(['Error: broken', 'a1']);
    expect(turns.waiting).toBe(0);
  });

  it('while the thread turns late, as one does that has too much to do, answers a few in each turn, not what the time would allow', () => {
    useUp();
    for (const who of names('noisy', 150)) turns.wait('noisy', who);
    nowMs += 500;
    turns.turn();
    expect(told).toHaveLength((2 * refusalTickMs * refusalsPerSecond) / 1000);
  });

  it('spreads those of a tick over turns of the loop, so that nobody who comes meanwhile waits for all of them', () => {
    const later: (() => void)[] = [];
    turns = new RefusalTurns(
      (error) => told.push(String(error)),
      () => nowMs,
      (next) => later.push(next),
    );
    useUp();
    for (const who of names('noisy', 60)) turns.wait('noisy', who);
    nowMs += refusalTickMs;
    const perTick = (refusalTickMs * refusalsPerSecond) / 1000;
    const each: number[] = [];
    for (turns.turn(); each.length < 5; later.shift()?.()) each.push(told.splice(0).length);
    expect(Math.max(...each)).toBeLessThanOrEqual(3);
    expect(each.reduce((sum, count) => sum + count, 0)).toBe(perTick);
    // A loop that turns too seldom owes nothing to the next tick.
    nowMs += refusalTickMs;
    turns.turn();
    nowMs += refusalTickMs;
    turns.turn();
    expect(told.length).toBeGreaterThanOrEqual(perTick);
    expect(told.length).toBeLessThanOrEqual(perTick + 3);
  });

  it('lets nobody wait for long: the more there are, the faster they go', () => {
    useUp();
    const many = 20_000;
    for (const who of names('noisy', many)) turns.wait('noisy', who);
    pass(2_000);
    expect(told.length).toBeGreaterThan(many * 0.75);
    pass(3_000);
    expect(told).toHaveLength(many);
  });

  it('told to open, answers all that wait, and lets nobody wait any more', () => {
    useUp();
    for (const who of names('a', 3)) turns.wait('a', who);
    turns.open();
    expect(told).toEqual(['a0', 'a1', 'a2']);
    expect(turns.mayAnswer()).toBe(true);
  });
});
