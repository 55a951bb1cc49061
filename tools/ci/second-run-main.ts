/**
 * What .ci/run asks behind its lanes, of whose runs each left a report. `again <report>…`: the files to run once more, one per line, none
 * where the failure stands. `sum [--second <report>] <report>…`: lines that name what is flaky, then "N passed, N failed" of all as one.
 */
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { counted, filesToRunAgain, flakyLines, joined, type RunReport } from './second-run.js';

/** Of a run that ended before it could say anything. */
const nothing: RunReport = { passed: 0, failed: 1, files: [] };
const read = (file: string): RunReport => (existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as RunReport) : nothing);

const { values, positionals } = parseArgs({ allowPositionals: true, options: { second: { type: 'string' } } });
const [what, ...files] = positionals;
const first = joined(files.map(read));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

if (what === 'again') filesToRunAgain(first).forEach(say);
else {
  const second = values.second === undefined ? null : read(values.second);
  if (second !== null) flakyLines(first, second).forEach(say);
  const { passed, failed } = second === null ? first : counted(first, second);
  say(`${passed} passed, ${failed} failed`);
}
