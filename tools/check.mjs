import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';

/**
 * Everything that is checked without running the program: lint, format, types, generated files. One line per check as it ends, the
 * output only of those that fail; all are run, so that one look shows everything that is to be mended. Each works on one core.
 */
const root = path.dirname(import.meta.dirname);
const bin = (file) => path.join(root, 'node_modules', file);
const tsc = bin('typescript/bin/tsc');

/**
 * What was good stays good as long as its text stays: a second run looks at what has changed. The lint of a file may depend on types
 * of another one, which its own text doesn't show; CI starts without these files and so looks at everything.
 */
const cache = (name) => path.join(root, '.lapidary/cache/check', name);

/** The longest first: what is begun last decides when all are done. */
const checks = [
  [
    'lint',
    bin('eslint/bin/eslint.js'),
    '.',
    '--max-warnings',
    '0',
    '--cache',
    '--cache-strategy',
    'content',
    '--cache-location',
    cache('lint'),
  ],
  ['format', bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '--cache', '--cache-location', cache('format'), '.'],
  ['types', tsc, '-p', '.', '--incremental', '--tsBuildInfoFile', cache('types')],
  ...(existsSync(path.join(root, 'apps/console/tsconfig.json')) ? [['types of the console', tsc, '--noEmit', '-p', 'apps/console']] : []),
  ['generated files', path.join(root, 'tools/gen.mjs'), '--check'],
];

/** Each of the larger ones holds a program of all workspaces in memory, some GB at most. */
const lanes = Math.min(2, availableParallelism());
let failed = 0;

const run = ([name, script, ...args]) =>
  new Promise((done) => {
    const started = Date.now();
    // The type-aware lint holds the program of every workspace in memory.
    const nodeArgs = ['--max-old-space-size=4096', script, ...args];
    execFile(process.execPath, nodeArgs, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
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
