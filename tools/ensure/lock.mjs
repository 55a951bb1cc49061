import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Two runs at once must not install or build into each other: the second waits for the first. */
const retryMs = 100;
/** An npm ci from an empty cache takes minutes; longer than this it hangs. */
const waitMsMax = 20 * 60_000;

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** Moves a dead owner's lock out of the way. Rename first, look again: another waiter may have done the same a moment ago. */
const breakStale = async (file, stalePid) => {
  const aside = `${file}.stale-${process.pid}`;
  try {
    await rename(file, aside);
  } catch {
    return;
  }
  if (Number(await readFile(aside, 'utf8').catch(() => '')) !== stalePid) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
};

/** Runs `work` as the only one that holds `file`. The lock appears with its content (hard link), so it is never half written. */
export const withLock = async (file, work, { onWait = () => undefined } = {}) => {
  await mkdir(path.dirname(file), { recursive: true });
  const mine = `${file}.${process.pid}`;
  await writeFile(mine, String(process.pid));
  const deadline = Date.now() + waitMsMax;
  let told = false;
  try {
    for (;;) {
      try {
        await link(mine, file);
        break;
      } catch (error) {
        if (error.code !== 'EEXIST') throw error;
      }
      const owner = Number(await readFile(file, 'utf8').catch(() => ''));
      if (owner > 0 && !isAlive(owner)) {
        await breakStale(file, owner);
        continue;
      }
      if (!told) onWait(owner);
      told = true;
      if (Date.now() > deadline) throw new Error(`another run (process ${owner}) holds ${file} for too long`);
      await sleep(retryMs);
    }
    try {
      return await work();
    } finally {
      await rm(file, { force: true });
    }
  } finally {
    await rm(mine, { force: true });
  }
};
