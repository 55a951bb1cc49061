import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * Everything that is checked without running the program: format, lint, types, generated files. One line per check, the
 * output only of those that fail; all are run, so that one look shows everything that is to be mended.
 */
const root = path.dirname(import.meta.dirname);
const bin = (file) => path.join(root, 'node_modules', file);
const tsc = bin('typescript/bin/tsc');

/**
 * What was good stays good as long as its text stays: a second run looks at what has changed. The lint of a file may depend on types
 * of another one, which its own text doesn't show; CI starts without these files and so looks at everything.
 */
const cache = (name) => path.join(root, '.lapidary/cache/check', name);

const checks = [
  ['format', bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '--cache', '--cache-location', cache('format'), '.'],
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
  ['types', tsc, '-p', '.', '--incremental', '--tsBuildInfoFile', cache('types')],
  ...(existsSync(path.join(root, 'apps/console/tsconfig.json')) ? [['types of the console', tsc, '--noEmit', '-p', 'apps/console']] : []),
  ['generated files', path.join(root, 'tools/gen.mjs'), '--check'],
];

let failed = 0;
for (const [name, script, ...args] of checks) {
  const started = Date.now();
  // The type-aware lint holds the program of every workspace in memory.
  const result = spawnSync(process.execPath, ['--max-old-space-size=4096', script, ...args], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  const good = result.status === 0;
  process.stdout.write(`${good ? '✓' : '✗'} ${name} (${seconds} s)\n`);
  if (good) continue;
  failed += 1;
  process.stdout.write(`${result.stdout}${result.stderr}`);
}
process.stdout.write(`${checks.length - failed} of ${checks.length} static checks passed\n`);
process.exitCode = failed === 0 ? 0 : 1;
