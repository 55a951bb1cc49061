import { readFileSync } from 'node:fs';
import sequencers from '@jest/test-sequencer';

/** An ESM import of a CommonJS module with a default export. */
const Sequencer = sequencers.default ?? sequencers;

/**
 * Where jest knows how long files took it begins with the longest. In a fresh checkout it knows nothing and goes by their size, and a fleet
 * that starts last leaves the other worker idle for minutes. Then whole fleets come first, then what has servers or says by its time-out
 * that it takes long, and the files of milliseconds fill up what remains.
 */
const rankOf = ({ path }) => {
  if (path.endsWith('.e2e.spec.ts')) return 0;
  return path.endsWith('.int.spec.ts') || readFileSync(path, 'utf8').includes('jest.setTimeout(') ? 1 : 2;
};

export default class LongestFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    if (sorted.some(({ duration }) => duration !== undefined)) return sorted;
    const ranks = new Map(sorted.map((test) => [test, rankOf(test)]));
    return sorted.toSorted((a, b) => ranks.get(a) - ranks.get(b));
  }
}
