import { SlowAnswers } from './slow-answers.js';

/** Park and Miller: the same numbers every time. */
const numbers = (seed: number) => (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;

const p95Of = (sorted: readonly number[]): number => sorted[Math.floor(0.95 * sorted.length)]!;

describe('the time after which another front door is asked', () => {
  it('is none before fifty answers', () => {
    const slow = new SlowAnswers();
    for (let i = 0; i < 49; i += 1) slow.answered(10);
    expect(slow.afterMs).toBe(0);
    slow.answered(10);
    expect(slow.afterMs).toBeGreaterThan(0);
  });

  it.each([
    ['even times', (x: number) => 5 + 95 * x],
    ['a long tail', (x: number) => 10 / (1 - 0.999 * x)],
  ])('is about as long as one in twenty takes: %s', (_, timeOf) => {
    const [slow, next] = [new SlowAnswers(), numbers(7)];
    const times = Array.from({ length: 20_000 }, () => timeOf(next()));
    let above = 0;
    times.forEach((ms, i) => {
      if (i >= 2_000 && ms > slow.afterMs) above += 1;
      slow.answered(ms);
    });
    const share = above / 18_000;
    expect(share).toBeGreaterThan(0.04);
    expect(share).toBeLessThan(0.06);
    const p95 = p95Of([...times].sort((a, b) => a - b));
    expect(slow.afterMs).toBeGreaterThan(0.5 * p95);
    expect(slow.afterMs).toBeLessThan(2 * p95);
  });

  it('grows though slow answers are overtaken and never seen, and not by fast ones that are', () => {
    const slow = new SlowAnswers();
    for (let i = 0; i < 100; i += 1) slow.answered(10);
    const before = slow.afterMs;
    slow.overtaken(before / 2);
    expect(slow.afterMs).toBe(before);
    for (let i = 0; i < 20; i += 1) slow.overtaken(slow.afterMs + 1);
    expect(slow.afterMs).toBeGreaterThan(4 * before);
  });
});
