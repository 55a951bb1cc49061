import { readFileSync } from 'node:fs';
import path from 'node:path';
import sequencers from '@jest/test-sequencer';

/** An ESM import of a CommonJS module with a default export. */
const Sequencer = sequencers.default ?? sequencers;

const root = path.dirname(import.meta.dirname);

/** Seconds by file of those that take long, of an earlier run (tools/record-durations.mjs). */
const recorded = () => JSON.parse(readFileSync(path.join(import.meta.dirname, 'test-durations.json'), 'utf8'));

/** Of a file that nobody has timed: a whole fleet, servers or what says by its time-out that it takes long, or milliseconds. */
const guessed = (file) => {
  if (file.endsWith('.e2e.spec.ts')) return 60;
  return file.endsWith('.int.spec.ts') || readFileSync(file, 'utf8').includes('jest.setTimeout(') ? 4 : 0;
};

/**
 * The longest first, so that no worker begins with minutes of work when the other has nothing left. jest does so where it has seen the
 * files run; those that it hasn't it compares by their size, and then the recorded durations are the better guess: in a fresh checkout
 * of all, else of what was not yet run.
 */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    if (sorted.every(({ duration }) => duration !== undefined)) return sorted;
    const seconds = recorded();
    const expectedOf = ({ duration, path: file }) =>
      duration === undefined ? (seconds[path.relative(root, file)] ?? guessed(file)) : duration / 1000;
    const expected = new Map(sorted.map((test) => [test, expectedOf(test)]));
    return sorted.toSorted((a, b) => expected.get(b) - expected.get(a));
  }
}
