import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import path from 'node:path';

/**
 * Everything that is checked without running the program: lint and types, format, generated files. One line per check as it ends, the
 * output only of those that fail; all are run, so that one look shows everything that is to be mended. Nothing is kept between runs:
 * lint and types come from one program of all sources by the compiler in machine code (docs/adr/0069-one-native-program-for-lint-and-types.md).
 */
const root = path.dirname(import.meta.dirname);
const bin = (file) => path.join(root, 'node_modules', file);

/** The longest first: what is begun last decides when all are done. */
const checks = [
  ['lint and types', bin('oxlint/bin/oxlint'), '--type-aware', '--type-check', '--max-warnings', '0', '.'],
  ['format', bin('oxfmt/bin/oxfmt'), '--check', '.'],
  ['generated files', path.join(root, 'tools/gen.mjs'), '--check'],
];

/** The first holds a program of all workspaces in memory and uses what cores there are; the others take a second or a few beside it. */
const lanes = Math.min(2, availableParallelism());
let failed = 0;

const run = ([name, script, ...args]) =>
  new Promise((done) => {
    const started = Date.now();
    execFile(process.execPath, [script, ...args], { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      process.stdout.write(`${error ? '✗' : '✓'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)\n`);
      if (error) {
        failed += 1;
        // A program that could not be started, or was ended, has said nothing itself.
        process.stdout.write(stdout || stderr ? `${stdout}${stderr}` : `${error.message}\n`);
      }
      done();
    });
  });

const queue = [...checks];
const runLane = async () => {
  for (let next = queue.shift(); next; next = queue.shift()) await run(next);
};
await Promise.all(Array.from({ length: lanes }, runLane));
process.stdout.write(`${checks.length - failed} of ${checks.length} static checks passed\n`);
process.exitCode = failed === 0 ? 0 : 1;
