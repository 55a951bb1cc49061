import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { waitFor } from '@lapidary/kernel/wait-for';
import { sharedMemoryFolder } from '../../tools/local/memory-folder.js';
import { endOrphans } from '../../tools/local/orphans.js';
import { elsewhereFile } from '../../tools/local/postgres-home.js';
import { identify } from '@lapidary/kernel/process-identity';
import { holderOf } from '../../tools/local/single-instance.js';

/** The shutdown's own limit is 10 s; a busy machine may need more to take everything down. */
const stopMsMax = 60_000;
const folderPrefix = 'e2e-';
const ownerFile = 'owner.json';

/** Three fleets at a time, of 150 MB and their stamps'; twice that and more, since a log of writes grows with what a test does. */
const fleetsBytes = 2 * 1024 ** 3;

let folder: string | undefined;
/** Where fleets have their folders: in memory, under a name of this checkout, or in its `stateDir`. The same for all of a test file. */
export const fleetsFolder = (stateDir: string): string =>
  (folder ??= sharedMemoryFolder(`fleets-${createHash('sha256').update(stateDir).digest('hex').slice(0, 16)}`, fleetsBytes, stateDir));

/** A folder for this test process alone: two runs of the tests in one checkout must not meet. */
export const fleetHome = (fleets: string, name: string): string => path.join(fleets, `${folderPrefix}${name}-${process.pid}`);

/** Makes the folder ready for a fleet, and removes what killed test runs left: their fleets are ended, their folders go. */
export const prepareFleetHome = async (home: string, keep: boolean): Promise<void> => {
  const fleets = path.dirname(home);
  for (const entry of readdirSync(fleets)) {
    const other = path.join(fleets, entry);
    if (entry.startsWith(folderPrefix) && other !== home && isAbandoned(other)) await removeFleet(other);
  }
  if (keep) await endFleet(home);
  else await removeFleet(home);
  mkdirSync(path.join(home, '.lapidary'), { recursive: true });
  writeFileSync(path.join(home, ownerFile), JSON.stringify(identify(process.pid)));
};

/** Its test process is gone. Where none is named, only a folder in which nothing runs. */
const isAbandoned = (home: string): boolean => {
  const owner = path.join(home, ownerFile);
  return existsSync(owner) ? holderOf(owner) === null : holderOf(path.join(home, '.lapidary', 'supervisor.json')) === null;
};

/** Leaves what a person may want to read when a test has failed; memory is for fleets that run. */
export const forgetData = (dataDir: string): void => {
  removeStandIns(path.join(dataDir, 'postgres'));
  for (const name of ['postgres', 'nats', 'engine', 'snapshots']) rmSync(path.join(dataDir, name), { recursive: true, force: true });
};

const endFleet = async (home: string): Promise<void> => {
  const dataDir = path.join(home, '.lapidary');
  const supervisorFile = path.join(dataDir, 'supervisor.json');
  const holder = holderOf(supervisorFile);
  if (holder) {
    process.kill(holder.pid, 'SIGTERM');
    await waitFor('an earlier fleet to end', () => (holderOf(supervisorFile) === null ? true : undefined), { timeoutMs: stopMsMax });
  }
  await endOrphans(path.join(dataDir, 'pids'));
};

const removeFleet = async (home: string): Promise<void> => {
  await endFleet(home);
  removeStandIns(path.join(home, '.lapidary', 'postgres'));
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
