import { identify, startTicksIn, stillRuns } from './process-identity.js';

const statLine = (name: string, ticks: number): string =>
  `42 (${name}) S ${Array.from({ length: 18 }, (_, i) => i).join(' ')} ${ticks} 0 0`;

describe('process identity', () => {
  test('the start time is found whatever the process calls itself', () => {
    for (const name of ['node', 'a b', 'x) S 1 2 3 (y', ')))']) expect(startTicksIn(statLine(name, 987))).toBe(987);
  });

  test('this process runs; one with its number but another start time does not', () => {
    const me = identify(process.pid);
    expect(stillRuns(me)).toBe(true);
    if (me.startTicks !== null) expect(stillRuns({ ...me, startTicks: me.startTicks + 1 })).toBe(false);
  });

  test('a number that nobody has does not run', () => {
    expect(stillRuns({ pid: 2 ** 22 + 12_345, startTicks: 1 })).toBe(false);
  });
});
