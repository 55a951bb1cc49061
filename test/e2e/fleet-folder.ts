import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { waitFor } from '@lapidary/kernel/wait-for';
import { endOrphans } from '../../tools/local/orphans.js';
import { elsewhereFile } from '../../tools/local/postgres-home.js';
import { holderOf } from '../../tools/local/single-instance.js';

/** The shutdown's own limit is 10 s. */
const stopMsMax = 15_000;

/** A fleet of this folder that an earlier, killed test run left is ended first; then the folder goes, unless it is kept. */
export const sweepFleetFolder = async (home: string, dataDir: string, keep: boolean): Promise<void> => {
  const supervisorFile = path.join(dataDir, 'supervisor.json');
  const holder = holderOf(supervisorFile);
  if (holder) {
    process.kill(holder.pid, 'SIGTERM');
    await waitFor('an earlier fleet to end', () => (holderOf(supervisorFile) === null ? true : undefined), { timeoutMs: stopMsMax });
  }
  await endOrphans(path.join(dataDir, 'pids'));
  if (keep) return;
  removeStandIns(path.join(dataDir, 'postgres'));
  rmSync(home, { recursive: true, force: true });
};

/** PostgreSQL's files, where they had to be put elsewhere. */
const removeStandIns = (dir: string): void => {
  let regions: string[] = [];
  try {
    regions = readdirSync(dir);
  } catch {
    return;
  }
  for (const region of regions) {
    try {
      rmSync(readFileSync(path.join(dir, region, elsewhereFile), 'utf8').trim(), { recursive: true, force: true });
    } catch {
      // Here, not elsewhere.
    }
  }
};
