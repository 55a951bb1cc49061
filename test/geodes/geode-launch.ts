import path from 'node:path';
import { controlPlaneLaunch, type FleetFacts } from '../../tools/local/fleet-plan.js';
import type { Launch } from '../../tools/local/launch.js';
import type { FleetPaths } from '../../tools/local/paths.js';
import { ProcessFolder } from '../../tools/local/process-folder.js';
import { specLaunch } from '../../tools/local/spec-launch.js';
import { surroundingEnv } from '../../tools/local/child-env.js';
import type { Supervisor } from '../../tools/local/supervisor.js';
import type { Wire } from './wire.js';

const root = path.resolve(import.meta.dirname, '../..');
export const stopGraceMs = 15_000;

/** Runs what control planes put into the folder of processes, as `npm start` does. */
export const stampHost = (paths: FleetPaths, supervisor: Supervisor): ProcessFolder =>
  new ProcessFolder({
    dir: paths.processes,
    launchOf: (spec) => specLaunch(spec, { root, node: process.execPath, env: surroundingEnv(process.env) }),
    optionsOf: (name) => supervisor.processOptions(name),
    onChange: (snapshot) => supervisor.noteChange(snapshot),
    report: () => undefined,
    stopGraceMs,
  });

/** A region's control plane, which reaches each other region over its wire. `without`: regions that were taken out of its peers. */
export const launchOf = (facts: FleetFacts, wires: ReadonlyMap<string, Wire>, region: string, without: readonly string[] = []): Launch => {
  const launch = controlPlaneLaunch(facts, region);
  const peers = JSON.parse(launch.env['LAPIDARY_PEERS']!) as Record<string, { natsUrl: string }>;
  for (const gone of without) delete peers[gone];
  for (const [peer, where] of Object.entries(peers)) where.natsUrl = wires.get(`${region} ${peer}`)!.url;
  const stampsDir = path.join(facts.paths.data, 'stamps');
  return { ...launch, env: { ...launch.env, LAPIDARY_STAMPS_DIR: stampsDir, LAPIDARY_PEERS: JSON.stringify(peers) } };
};
