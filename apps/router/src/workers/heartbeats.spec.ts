import { beatOf, createBeats, HeartbeatWatch, toEnd } from './heartbeats.js';

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
  const ends = (silent: readonly number[], serving: readonly number[]): readonly number[] =>
    toEnd(silent, serving, workers, (worker) => watch.isSilentForLong(worker));
  return { look, ends, begin: (worker: number) => watch.begin(worker, nowMs) };
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

  it('of one while another serves ends it; of all together, or of the last, only when it has lasted three times as long', () => {
    const { look, ends } = worldOf(2);
    for (let i = 0; i < silentMsMax / lookEveryMs; i += 1) look([1]);
    expect(ends(look([1]), [0, 1])).toEqual([0]);
    // The first is being replaced, and the second falls silent, too.
    for (let i = 0; i < silentMsMax / lookEveryMs; i += 1) look([]);
    expect(ends(look([]), [1])).toEqual([]);
    for (let i = 0; i < (2 * silentMsMax) / lookEveryMs; i += 1) look([]);
    expect(ends(look([]), [1])).toEqual([0, 1]);
  });

  it('of both at the same time, as where the machine is short of processor time, ends neither at first', () => {
    const { look, ends } = worldOf(2);
    for (let i = 0; i <= silentMsMax / lookEveryMs; i += 1) look([]);
    expect(ends(look([]), [0, 1])).toEqual([]);
    // One that comes back has lost nothing, and the other is ended as ever.
    expect(ends(look([1]), [0, 1])).toEqual([0]);
  });

  it('of the only one there is ends it at its bound', () => {
    const { look, ends } = worldOf(1);
    for (let i = 0; i < silentMsMax / lookEveryMs; i += 1) look([]);
    expect(ends(look([]), [0])).toEqual([0]);
  });
});
