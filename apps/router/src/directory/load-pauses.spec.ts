import { LoadPauses } from './load-pauses.js';

const minuteMs = 60_000;

it('a difference that no load makes go away is looked at ever less often, and the next one at once again', () => {
  let nowMs = 1_000_000;
  const pauses = new LoadPauses({ nowMs: () => nowMs } as never);
  const loads = (forMs: number): number => {
    let count = 0;
    // As often as digests are told.
    for (const endMs = nowMs + forMs; nowMs < endMs; nowMs += 5_000) if (pauses.mayLoad()) count += 1;
    return count;
  };
  expect([loads(minuteMs), loads(60 * minuteMs)]).toEqual([3, 9]);
  pauses.end();
  expect(pauses.mayLoad()).toBe(true);
});

it('a clock that is set back holds nothing up', () => {
  let nowMs = 100 * 60 * minuteMs;
  const pauses = new LoadPauses({ nowMs: () => nowMs } as never);
  expect(pauses.mayLoad()).toBe(true);
  nowMs = 0;
  expect(pauses.mayLoad()).toBe(true);
});
