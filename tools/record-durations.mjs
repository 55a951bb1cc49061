/**
 * `node tools/record-durations.mjs <file>`: takes how long each test file took from what `npm test -- --json --outputFile=<file>` wrote,
 * for the order of the next fresh checkout (test-sequencer.mjs). Best on a quiet machine; a week or two out of date does no harm.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Below this the order makes no difference to when the last file ends. */
const secondsMin = 5;

const [, , input] = process.argv;
if (input === undefined) {
  process.stderr.write('which file? Run: npm test -- --json --outputFile=<file>\n');
  process.exit(2);
}
const root = path.dirname(import.meta.dirname);
const { testResults } = JSON.parse(readFileSync(input, 'utf8'));
const durations = testResults
  .map(({ name, startTime, endTime }) => [path.relative(root, name), Math.round((endTime - startTime) / 1000)])
  .filter(([, seconds]) => seconds >= secondsMin)
  .sort(([a], [b]) => (a < b ? -1 : 1));
writeFileSync(path.join(import.meta.dirname, 'test-durations.json'), `${JSON.stringify(Object.fromEntries(durations), null, 2)}\n`);
