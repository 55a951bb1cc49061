import { KeyedStates } from './keyed-states.js';
import { tokenBucket } from './token-bucket.js';

const bucket = tokenBucket(10, 10);
const take = (states: KeyedStates, key: string, nowMs: number): number => {
  const at = states.at(key, nowMs);
  const heldMs = bucket.take(states.numbers, at, nowMs, 1);
  states.idleFrom(at, bucket.idleFromMs(states.numbers, at));
  return heldMs;
};

describe('state by key', () => {
  it('400 000 tenants, one after the other: never more than about twice those that are busy', () => {
    const states = new KeyedStates(bucket.width);
    let most = 0;
    // One request each, one tenant per 0.1 ms; each is busy for at most 10 s by the smallest share, hence 100 000 at a time.
    for (let i = 0; i < 400_000; i += 1) {
      take(states, `t${i}`, i / 10);
      most = Math.max(most, states.size);
    }
    expect(most).toBeLessThanOrEqual(210_000);
    expect(states.numbers.byteLength).toBeLessThanOrEqual(4 * 262_144 * 8);
  });

  it('a busy key is kept, an idle one forgotten, and a slot that is used again starts as zeros', () => {
    const states = new KeyedStates(bucket.width);
    for (let i = 0; i < 10; i += 1) take(states, 'busy', 60_000);
    take(states, 'idle', 0);
    states.sweep(4, 60_001, false);
    expect([states.size, states.peek('idle')]).toEqual([1, undefined]);
    const at = states.at('new', 60_002);
    expect([...states.numbers.subarray(at, at + 2)]).toEqual([0, 0]);
    expect(bucket.remaining(states.numbers, states.at('busy', 60_002), 60_002, 1)).toBe(0);
  });
});
