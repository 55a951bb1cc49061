import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { filesBelow, sha256 } from './build.mjs';

const consoleDir = 'apps/console';
/** The console imports these two as sources, so a change there is a change of the console. */
const sourceDirs = [consoleDir, 'libs/contracts/src', 'libs/kernel/src'];

/** Sizes and times of all sources in one hash (quick), and their contents in another (decides). */
const fingerprint = async (root) => {
  const quick = [];
  const files = [];
  for (const dir of sourceDirs) {
    for (const file of await filesBelow(path.join(root, dir))) {
      if (/\.spec\.tsx?$/.test(file)) continue;
      const full = path.join(root, dir, file);
      const { size, mtimeMs } = await stat(full);
      quick.push(`${dir}/${file} ${size} ${mtimeMs}`);
      files.push(`${dir}/${file}`);
    }
  }
  return { quick: sha256(quick.join('\n')), files };
};

const contentHash = async (root, files) =>
  sha256((await Promise.all(files.map(async (file) => `${file} ${sha256(await readFile(path.join(root, file)))}`))).join('\n'));

/** Builds the console with vite when its sources changed. Answers whether there was something to do. */
export const buildConsole = async ({ root, state, node, dryRun = false, report = () => undefined }) => {
  const indexFile = path.join(root, consoleDir, 'index.html');
  if (!existsSync(indexFile)) {
    if (state.console !== 'absent' && !dryRun) report(`console: skipped, there is no ${consoleDir}/index.html`);
    const work = state.console !== 'absent';
    if (!dryRun) state.console = 'absent';
    return work;
  }
  const built = existsSync(path.join(root, consoleDir, 'dist/index.html'));
  const { quick, files } = await fingerprint(root);
  if (built && state.console?.quick === quick) return false;
  const hash = await contentHash(root, files);
  const due = !built || state.console?.hash !== hash;
  if (dryRun) return due;
  if (due) {
    const started = Date.now();
    const result = spawnSync(node, [path.join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn'], {
      cwd: path.join(root, consoleDir),
      encoding: 'utf8',
    });
    if (result.error) throw result.error;
    if (result.status !== 0) throw new Error(`vite build ended with ${result.status ?? result.signal}\n${result.stdout}${result.stderr}`);
    report(`build ${consoleDir}: ${((Date.now() - started) / 1000).toFixed(1)} s`);
  }
  state.console = { quick, hash };
  return due;
};
