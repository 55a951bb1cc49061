import { jest } from '@jest/globals';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SynthRequest } from '@lapidary/contracts/planner-protocol';
import { ProvisionRunSchema, type ProvisionerMessage, type ProvisionRun } from '@lapidary/contracts/provisioner-protocol';
import { euFacts, specOf } from '../testing/specs.js';
import { isStateful } from '../template/stateful.js';
import { templateVersion } from '../template/template-version.js';
import { provision } from './provisioner.js';
import { StateFile } from './state-file.js';
import { renderGraph } from './synth/render-graph.js';
import { installedTemplates, templateOf } from './templates.js';
import { scratchFolder } from '../testing/scratch.js';
import '../testing/no-stack-traces.js';

/** Each `up` of a hundred resources writes and syncs the state some two hundred times; on a busy disk that takes a minute. */
jest.setTimeout(300_000);

const earlier = '0.2.0';
const local = { postgresServer: 'localhost:5432', natsUrl: 'nats://localhost', natsUser: 'agent', processDir: '/processes' };

let home: string;
beforeAll(async () => {
  home = await scratchFolder('templates');
  await writeFile(join(home, 'passphrase'), 'a passphrase for tests');
});
afterAll(() => rm(home, { recursive: true }));

const rendered = (version: string | undefined, driver: 'aws' | 'local') => {
  const request: SynthRequest = { spec: specOf({ driver }), regionFacts: euFacts, local: driver === 'local' ? local : null };
  return renderGraph(version === undefined ? request : { ...request, templateVersion: version });
};

const settings = () => ({ passphraseFile: join(home, 'passphrase'), stateKey: 'passphrase' });
const perform = async (operation: ProvisionRun['operation'], stack: string, version: string): Promise<ProvisionerMessage> => {
  const run = {
    operation,
    spec: specOf({ driver: 'aws', name: stack }),
    regionFacts: euFacts,
    engine: 'embedded',
    stateDir: home,
    ...settings(),
    local: null,
    templateVersion: version,
  };
  let last: ProvisionerMessage | undefined;
  await provision(ProvisionRunSchema.parse(run), (message) => (last = message), new AbortController().signal);
  return last!;
};

/** What is there by the engine's own record: type, name and inputs, without ids, which differ from life to life. */
const graphOf = async (stack: string): Promise<string[]> => {
  const state = await new StateFile(home, stack, settings()).load();
  return state!.resources
    .map(({ type, urn, inputs }) => `${type} ${urn.split('::').at(-1)} ${JSON.stringify(inputs['tags'] ?? null)}`)
    .map((line) => line.replaceAll(stack, 'stamp'))
    .toSorted();
};

test('an earlier release is installed beside this one, and each renders as itself on both targets', async () => {
  expect(installedTemplates()).toEqual(expect.arrayContaining([earlier, templateVersion]));
  for (const driver of ['aws', 'local'] as const) {
    const [old, now] = [await rendered(earlier, driver), await rendered(undefined, driver)];
    expect([old.templateVersion, now.templateVersion]).toEqual([earlier, templateVersion]);
    expect(old.graphDigest).not.toBe(now.graphDigest);
    expect((await rendered(earlier, driver)).graphDigest).toBe(old.graphDigest);
    expect(old.policy.filter((f) => f.level === 'mandatory')).toEqual([]);
  }
});

test('a stamp that goes to this template and back is the one that it was, with nothing replaced that holds data', async () => {
  expect(await perform('up', 'eu-1', earlier)).toMatchObject({ type: 'result', outputs: { templateVersion: earlier } });
  const before = await graphOf('eu-1');
  const forward = await perform('up', 'eu-1', templateVersion);
  expect(forward).toMatchObject({ type: 'result', outputs: { templateVersion } });
  expect(await graphOf('eu-1')).not.toEqual(before);
  const back = await perform('up', 'eu-1', earlier);
  expect(back).toMatchObject({ type: 'result', outputs: { templateVersion: earlier } });
  expect(await graphOf('eu-1')).toEqual(before);
  for (const message of [forward, back]) {
    const plan = message.type === 'result' ? message.plan! : [];
    expect(plan.length).toBeGreaterThan(10);
    expect(plan.filter(({ op, resourceType }) => isStateful(resourceType) && op !== 'update')).toEqual([]);
  }
  expect(await perform('preview', 'eu-1', earlier)).toMatchObject({ type: 'result', plan: [] });
});

test('a template that is not installed is named, with those that are, and nothing is begun', async () => {
  await expect(templateOf('9.9.9')).rejects.toMatchObject({ code: 'template_unavailable', message: expect.stringContaining(earlier) });
  expect(await perform('up', 'eu-9', '9.9.9')).toMatchObject({ type: 'failure', code: 'template_unavailable', retry: false });
  expect(await new StateFile(home, 'eu-9', settings()).exists()).toBe(false);
  expect(ProvisionRunSchema.shape.templateVersion.safeParse('../../elsewhere').success).toBe(false);
});
