/**
 * Cold and warm start of a fleet of two regions: cold makes the database clusters and provisions the first stamps, warm
 * finds them. Installing and building are not in it; `npm start` adds the time of the look for changes, which is measured
 * apart. Peer: the warm start.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, startOwnFleet } from './own-fleet.ts';
import { report } from './report.ts';

const rounds = 5;
const [cold, warm, look]: [number[], number[], number[]] = [[], [], []];

const once = async (fresh: boolean): Promise<number> => {
  const fleet = await startOwnFleet('start', { fresh });
  await fleet.stop();
  return fleet.startedInMs;
};

for (let round = 0; round < rounds; round++) {
  cold.push(await once(true));
  warm.push(await once(false));
  const begun = performance.now();
  if (spawnSync(process.execPath, [join(root, 'tools/ensure.mjs')], { cwd: root, stdio: 'inherit' }).status !== 0)
    throw new Error('ensure failed');
  look.push(performance.now() - begun);
}
report('start', 'npm run bench:start', [
  { subject: 'warm start', metric: 'until ready', unit: 'ms', samples: warm },
  { subject: 'cold start', metric: 'until ready', unit: 'ms', samples: cold, peer: 'warm start' },
  { subject: 'look for changes', metric: 'until ready', unit: 'ms', samples: look, peer: 'warm start' },
]);
