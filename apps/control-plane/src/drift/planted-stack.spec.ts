import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ControlPlaneConfigSchema } from '@lapidary/config/control-plane';
import type { ProvisionRun } from '@lapidary/contracts/provisioner-protocol';
import { simulatedWorldFile } from '@lapidary/contracts/simulated-world';
import type { ProvisionResult } from '../provisioning/provisioner-child.js';
import { falsified, PlantedStack, type PlantedStackParts } from './planted-stack.js';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'lapidary-planted-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const signal = new AbortController().signal;
const regionFacts = { jurisdiction: 'eu', awsRegion: 'eu-west-1' };
const fileOf = (run: ProvisionRun): string => join(run.stateDir, simulatedWorldFile(run.spec.name));

/** An engine that builds one tagged thing and compares its tags with those it built. */
const parts = (reads: (run: ProvisionRun, tags: Record<string, string>) => unknown[]): PlantedStackParts & { built: ProvisionRun[] } => {
  const built: ProvisionRun[] = [];
  return {
    built,
    config: ControlPlaneConfigSchema.parse({
      LAPIDARY_REGION: 'eu',
      LAPIDARY_DATABASE_URL: 'postgres://x',
      LAPIDARY_NATS_URL: 'nats://x',
      LAPIDARY_ENGINE_STATE_DIR: home,
    }),
    build: async ({ run }) => {
      built.push(run);
      await mkdir(dirname(fileOf(run)), { recursive: true });
      await writeFile(fileOf(run), JSON.stringify({ 'b-1': { tags: { a: 'b' } }, 'a-1': { size: 3 } }));
      return {} as ProvisionResult;
    },
    planner: {
      read: async (run) => {
        const { 'b-1': thing } = JSON.parse(await readFile(fileOf(run), 'utf8')) as Record<string, { tags: Record<string, string> }>;
        return { drifted: reads(run, thing!.tags) } as ProvisionResult;
      },
    },
  };
};
const honest = (_: ProvisionRun, tags: Record<string, string>): unknown[] =>
  Object.entries(tags)
    .filter(([key]) => key !== 'a')
    .map(([key, observed]) => ({ resourceType: 't', name: 'n', path: `tags.${key}`, expected: null, observed }));

test('the stack is built once, apart from the real ones, in the simulated cloud, and found falsified each time', async () => {
  const p = parts(honest);
  const stack = new PlantedStack(p);
  for (const nonce of ['one', 'two']) {
    expect(await stack.driftWith(nonce, regionFacts, signal)).toMatchObject([{ observed: nonce }]);
  }
  expect(p.built).toMatchObject([{ operation: 'up', engine: 'embedded', stateDir: join(home, 'drift-canary'), spec: { driver: 'aws' } }]);
});

test('a stack that was lost or is not found falsified is built anew once; a sensor that stays blind is not helped', async () => {
  const lost = parts(honest);
  const stack = new PlantedStack(lost);
  await stack.driftWith('one', regionFacts, signal);
  await rm(join(home, 'drift-canary'), { recursive: true });
  expect(await stack.driftWith('two', regionFacts, signal)).toMatchObject([{ observed: 'two' }]);
  expect(lost.built).toHaveLength(2);
  const blind = parts(() => []);
  expect(await new PlantedStack(blind).driftWith('three', regionFacts, signal)).toEqual([]);
});

test('a world without anything to falsify is an error, not silence', () => {
  expect(() => falsified({ 'a-1': { size: 3, tags: 'none' } }, 'x')).toThrow('no resource with tags');
  expect(falsified({ a: { tags: { k: 'v' } } }, 'x')).toEqual({ a: { tags: { k: 'v', 'lapidary:canary': 'x' } } });
});
