import { ResponseRate } from './response-rate.js';

const verdicts = (rate: ResponseRate, address: string, count: number, nowMs = 0): Record<string, number> => {
  const seen: Record<string, number> = {};
  for (let i = 0; i < count; i += 1) {
    const verdict = rate.take(address, nowMs);
    seen[verdict] = (seen[verdict] ?? 0) + 1;
  }
  return seen;
};

describe('answers over UDP to one network', () => {
  it('are whole up to a burst, then cut or dropped by halves, and whole again at the rate', () => {
    const rate = new ResponseRate();
    expect(verdicts(rate, '192.0.2.1', 1_000)).toEqual({ answer: 1_000 });
    expect(verdicts(rate, '192.0.2.77', 100)).toEqual({ cut: 50, drop: 50 });
    expect(verdicts(rate, '192.0.2.1', 100, 100)).toEqual({ answer: 50, cut: 25, drop: 25 });
  });

  it.each([
    ['192.0.2.9', '192.0.3.9'],
    ['2001:db8:0:100::1', '2001:db8:0:200::1'],
    ['2001:db8::1', '2001:db9::1'],
  ])('don’t count against another one: %s and %s', (one, other) => {
    const rate = new ResponseRate();
    verdicts(rate, one, 1_001);
    expect(rate.take(other, 0)).toBe('answer');
  });

  it.each([
    ['2001:db8:0:1ff::1', '2001:db8:0:100:a:b:c:d'],
    ['2001:db8::1', '2001:db8:0:0:ffff::'],
    ['::ffff:192.0.2.1', '192.0.2.200'],
  ])('count together within one: %s and %s', (one, other) => {
    const rate = new ResponseRate();
    verdicts(rate, one, 1_000);
    expect(rate.take(other, 0)).not.toBe('answer');
  });
});
