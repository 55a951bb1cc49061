import { beatOf, createBeats, HeartbeatWatch } from './heartbeats.js';

const silentMsMax = 1_000;
const lookEveryMs = 100;
const worldOf = (workers: number) => {
  const beats = createBeats(workers);
  const watch = new HeartbeatWatch(beats, silentMsMax, lookEveryMs);
  let nowMs = 0;
  for (let i = 0; i < workers; i += 1) watch.begin(i, nowMs);
  /** Looks once more, after these have beaten. */
  const look = (beating: readonly number[], passedMs = lookEveryMs): readonly number[] => {
    for (const worker of beating) beatOf(beats, worker)();
    return watch.silent((nowMs += passedMs));
  };
  return { look, begin: (worker: number) => watch.begin(worker, nowMs) };
};

describe('silence of workers (W5)', () => {
  it('is found for the one that is silent, when it has been for longer than the bound, and not before', () => {
    const { look } = worldOf(3);
    for (let i = 0; i < silentMsMax / lookEveryMs; i += 1) expect(look([0, 2])).toEqual([]);
    expect(look([0, 2])).toEqual([1]);
    expect(look([0, 1, 2])).toEqual([]);
  });

  it('is not held against anybody while this thread itself stood still', () => {
    const { look } = worldOf(2);
    expect(look([], 60_000)).toEqual([]);
    for (let i = 0; i < silentMsMax / lookEveryMs; i += 1) expect(look([])).toEqual([]);
    expect(look([])).toEqual([0, 1]);
  });

  it('is counted anew for who takes another’s place', () => {
    const { look, begin } = worldOf(1);
    for (let i = 0; i <= silentMsMax / lookEveryMs; i += 1) look([]);
    begin(0);
    expect(look([])).toEqual([]);
  });
});
