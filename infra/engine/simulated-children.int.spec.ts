import { jest } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { outlivesItsStamp, SimulatedWorldSchema, simulatedWorldFile, type SimulatedWorld } from '@lapidary/contracts/simulated-world';
import type { ProvisionRun } from '@lapidary/contracts/provisioner-protocol';
import { ensureInfraBuilt } from '../testing/ensure-built.js';
import { runChild, type ChildRun } from '../testing/provision-child.js';
import { euFacts, specOf } from '../testing/specs.js';
import { StateFile } from './state-file.js';
import { scratchFolder } from '../testing/scratch.js';

/** Some dozens of real children beside each other, a hundred synced writes each; on a busy machine minutes. */
jest.setTimeout(900_000);

let home: string;
beforeAll(async () => {
  await ensureInfraBuilt();
  home = await scratchFolder('children');
  await writeFile(join(home, 'passphrase'), 'a passphrase for tests');
});
afterAll(() => rm(home, { recursive: true, force: true }));

const keys = () => ({ passphraseFile: join(home, 'passphrase'), stateKey: 'passphrase' });
const runOf = (operation: ProvisionRun['operation'], stamp: string): ProvisionRun => ({
  operation,
  spec: specOf({ name: stamp as never, workload: { version: '1' } }),
  regionFacts: euFacts,
  engine: 'embedded',
  stateDir: join(home, 'state'),
  ...keys(),
  local: null,
});

const worldOf = async (stamp: string): Promise<SimulatedWorld> =>
  SimulatedWorldSchema.parse(JSON.parse(await readFile(join(home, 'state', simulatedWorldFile(stamp)), 'utf8').catch(() => '{}')));

/** Type and name of everything that the engine knows, and the ids of what its cloud must hold. */
const knownOf = async (stamp: string): Promise<{ graph: string[]; ids: string[] }> => {
  const state = await new StateFile(join(home, 'state'), stamp, keys()).load();
  expect(state?.pendingOperations ?? []).toEqual([]);
  const made = (state?.resources ?? []).filter((r) => r.custom && r.type.startsWith('aws:'));
  return {
    graph: made.map((r) => `${r.type} ${r.urn.split('::').at(-1)!.replace(stamp, 'stamp')}`).toSorted(),
    ids: made.map((r) => r.id).toSorted(),
  };
};

/** Highest resident memory of a process so far (proc(5): VmHWM, in kB); 0 where there is no /proc. */
const peakMb = (pid: number): number => {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
};
/** Measured 304 MB; what is above this holds more than one graph. */
const childMbMax = 450;

test('eight provisions at once: each makes its own stamp and nothing else, in bounded memory', async () => {
  const stamps = Array.from({ length: 8 }, (_, i) => `eu-${i + 1}`);
  let highestMb = 0;
  const runs = await Promise.all(
    stamps.map((stamp) => runChild(runOf('up', stamp), (_, child) => (highestMb = Math.max(highestMb, peakMb(child.pid!))))),
  );
  const graphs: string[][] = [];
  for (const [i, run] of runs.entries()) {
    const stamp = stamps[i]!;
    expect(run.last).toMatchObject({ type: 'result', outputs: { templateVersion: expect.any(String) } });
    // Whatever it told, it told of its own; `eu-1` is also the beginning of no other name here.
    const told = run.messages.flatMap((m) => (m.type === 'resource' ? [m.name] : []));
    expect(told.filter((name) => name !== stamp && !name.startsWith(`${stamp}-`))).toEqual([]);
    const { graph, ids } = await knownOf(stamp);
    expect(Object.keys(await worldOf(stamp)).toSorted()).toEqual(ids);
    for (const other of stamps)
      if (other !== stamp) expect(JSON.stringify(await worldOf(stamp))).not.toMatch(new RegExp(`\\b${other}\\b(?!-\\d)`));
    graphs.push(graph);
  }
  expect(graphs[0]!.length).toBeGreaterThan(100);
  for (const graph of graphs) expect(graph).toEqual(graphs[0]);
  expect(highestMb).toBeLessThan(childMbMax);
});

/** So many resources further on with each life: every step would be a hundred children. */
const resourcesPerLife = 18;

/** Kills the child without a word after some resources, until one gets through. */
const killUntilDone = async (run: ProvisionRun): Promise<{ kills: number; last: ChildRun['last'] }> => {
  for (let kills = 0; ; kills++) {
    let worked = 0;
    const { signal, last } = await runChild(run, (message, child) => {
      // In the middle of a resource, and just after one, in turn.
      const moment = kills % 2 === 0 ? 'started' : 'done';
      if (message.type !== 'resource' || message.op === 'same' || message.status !== moment) return;
      if (++worked === resourcesPerLife) child.kill('SIGKILL');
    });
    if (signal === null) return { kills, last };
  }
};

test('kill -9 again and again, on the way up and down: the same graph in the end, nothing double, nothing left over (I8)', async () => {
  const up = await killUntilDone(runOf('up', 'eu-9'));
  expect(up.last).toMatchObject({ type: 'result' });
  expect(up.kills).toBeGreaterThanOrEqual(5);
  const { graph, ids } = await knownOf('eu-9');
  expect(Object.keys(await worldOf('eu-9')).toSorted()).toEqual(ids);
  expect(graph).toEqual((await knownOf('eu-1')).graph);
  expect((await runChild(runOf('preview', 'eu-9'))).last).toMatchObject({ type: 'result', plan: [] });

  const down = await killUntilDone({ ...runOf('destroy', 'eu-9'), unprotect: true });
  expect(down.last).toMatchObject({ type: 'result' });
  expect(down.kills).toBeGreaterThanOrEqual(5);
  expect(Object.keys(await worldOf('eu-9')).filter((id) => !outlivesItsStamp(id))).toEqual([]);
  expect(await new StateFile(join(home, 'state'), 'eu-9', keys()).exists()).toBe(false);
});
