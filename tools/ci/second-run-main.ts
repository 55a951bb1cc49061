/**
 * What .ci/run asks between its two runs. `again <report>`: the files to run once more, one per line, none where the failure stands.
 * `sum <report> <second report>`: lines that name what is flaky, then "N passed, N failed" of both runs as one.
 */
import { existsSync, readFileSync } from 'node:fs';
import { counted, filesToRunAgain, flakyLines, type RunReport } from './second-run.js';

const nothing: RunReport = { passed: 0, failed: 1, files: [] };
const read = (file: string | undefined): RunReport =>
  file !== undefined && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as RunReport) : nothing;

const [, , what, ...files] = process.argv;
const [first, second] = [read(files[0]), read(files[1])];
const say = (line: string): void => void process.stdout.write(`${line}\n`);

if (what === 'again') filesToRunAgain(first).forEach(say);
else {
  flakyLines(first, second).forEach(say);
  const { passed, failed } = counted(first, second);
  say(`${passed} passed, ${failed} failed`);
}
