import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { endOrphans } from './local/orphans.js';
import { fleetPaths } from './local/paths.js';
import { elsewhereFile } from './local/postgres-home.js';
import { holderOf } from './local/single-instance.js';

/** `npm run reset`: removes all state of the local fleet. What was fetched or made once for all (bin, cache) stays. */

const root = path.resolve(import.meta.dirname, '../..');
const paths = fleetPaths(root);
/** Costs time or a download to make again, and holds nothing of the fleet. */
const kept = new Set(['bin', 'cache', 'bench', 'ensure.lock']);

/** Folders that stand in for those that PostgreSQL's user can't reach. */
const removeStandIns = async (dir: string): Promise<void> => {
  for (const entry of await readdir(dir, { withFileTypes: true }).catch(() => [])) {
    const pointer = path.join(dir, entry.name, elsewhereFile);
    const target = (await readFile(pointer, 'utf8').catch(() => '')).trim();
    if (target !== '') await rm(target, { recursive: true, force: true });
  }
};

const reset = async (): Promise<void> => {
  const holder = holderOf(paths.supervisorFile);
  if (holder) {
    process.stderr.write(`The fleet runs (process ${holder.pid}): stop it with Ctrl-C first.\n`);
    process.exitCode = 1;
    return;
  }
  await endOrphans(paths.pids);
  await removeStandIns(path.join(paths.data, 'postgres'));
  const present = await readdir(paths.data).catch(() => []);
  for (const entry of present)
    if (!kept.has(entry) && !/^(test|e2e)-/.test(entry)) await rm(path.join(paths.data, entry), { recursive: true, force: true });
  process.stdout.write('All state of the local fleet is removed.\n');
};

await reset();
