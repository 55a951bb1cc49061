import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buildWorkspaces } from './build.mjs';
import { buildConsole } from './console.mjs';
import { commandsAreLinked, ensureNode, installKey, isInstalled, linkCommands, npmCi } from './install.mjs';
import { withLock } from './lock.mjs';

/** Below node_modules: whoever deletes that gets a new install and a new build, and a reset of the fleet's state costs neither. */
export const stateFile = (root) => path.join(root, 'node_modules', '.lapidary-ensure.json');
const lockFile = (root) => path.join(root, '.lapidary', 'ensure.lock');

export const readState = async (root) => {
  try {
    return JSON.parse(await readFile(stateFile(root), 'utf8'));
  } catch {
    return {};
  }
};

const writeState = async (root, state) => {
  const file = stateFile(root);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(`${file}.${process.pid}`, JSON.stringify(state));
  await rename(`${file}.${process.pid}`, file);
};

// Loaded only when something is to be compiled: it costs more than all the rest of a run that finds nothing to do.
const loadSwc = () => import('@swc/core');

const tellWaiting = (report) => ({ onWait: (owner) => report(`waiting for another run (process ${owner})`) });

/** Builds what is out of date, under the lock; `only` names workspaces. Cheap when there is nothing to do: no lock is taken. */
export const ensureBuilt = async ({ root, only, report = () => undefined }) => {
  if ((await buildWorkspaces({ root, state: await readState(root), only, dryRun: true, loadSwc })) === 0) return;
  await withLock(
    lockFile(root),
    async () => {
      const state = await readState(root);
      await buildWorkspaces({ root, state, only, report, loadSwc });
      await writeState(root, state);
    },
    tellWaiting(report),
  );
};

const isUpToDate = async (root, state, key) => {
  if (state.installKey !== key || !(await commandsAreLinked(root))) return false;
  if ((await buildWorkspaces({ root, state, dryRun: true, loadSwc })) > 0) return false;
  return !(await buildConsole({ root, state, dryRun: true }));
};

/** Install, build, console: everything that `npm start` and `npm test` need. Each only when it is out of date. */
export const ensureAll = async ({ root, report = () => undefined }) => {
  const key = await installKey(root);
  if (await isUpToDate(root, await readState(root), key)) return;
  await withLock(
    lockFile(root),
    async () => {
      let state = await readState(root);
      if (state.installKey !== key) {
        if (!(await isInstalled(root))) {
          report('install packages (npm ci); the first time takes a minute or two');
          await npmCi(root, report);
          state = {};
        }
        // What Node compiled of other packages is never asked for again; of our own sources little gathers in between.
        await rm(path.join(root, '.lapidary', 'cache', 'compiled'), { recursive: true, force: true });
        state.installKey = key;
        await writeState(root, state);
      }
      const node = await ensureNode(root);
      await linkCommands(root);
      await buildWorkspaces({ root, state, report, loadSwc });
      await writeState(root, state);
      await buildConsole({ root, state, node, report });
      await writeState(root, state);
    },
    tellWaiting(report),
  );
};
