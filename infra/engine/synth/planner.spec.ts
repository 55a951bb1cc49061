import { jest } from '@jest/globals';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProvisionRunSchema, type ParsedProvisionRun, type ProvisionerMessage } from '@lapidary/contracts/provisioner-protocol';
import { provision } from '../provisioner.js';
import { previewStack } from './preview-stack.js';
import { renderGraph } from './render-graph.js';
import { scratchFolder } from '../../testing/scratch.js';
import '../../testing/no-stack-traces.js';

/** An `up` of some fifty resources writes and syncs the state some hundred times; on a busy disk that takes seconds. */
jest.setTimeout(180_000);

let home: string;
beforeEach(async () => {
  home = await scratchFolder('planner');
  await writeFile(join(home, 'passphrase'), 'a passphrase for tests');
});
afterEach(() => rm(home, { recursive: true, force: true }));

const regionFacts = { jurisdiction: 'eu', awsRegion: 'eu-west-1' };
const specOf = (name: string, profile: 'small' | 'medium' = 'small'): ParsedProvisionRun['spec'] => ({
  name: name as ParsedProvisionRun['spec']['name'],
  region: 'eu' as ParsedProvisionRun['spec']['region'],
  driver: 'aws',
  profile,
  ring: 'broad',
  isolation: 'pooled',
  capacity: { units: 50 },
  workload: { version: '1' },
  labels: {},
});
const runOf = (operation: ParsedProvisionRun['operation'], spec: ParsedProvisionRun['spec']): ParsedProvisionRun =>
  ProvisionRunSchema.parse({
    operation,
    spec,
    regionFacts,
    engine: 'embedded',
    stateDir: join(home, 'state'),
    passphraseFile: join(home, 'passphrase'),
    local: null,
  });

const unhurried = new AbortController().signal;

const throughApi = async (run: ParsedProvisionRun): Promise<Extract<ProvisionerMessage, { type: 'result' }>> => {
  const messages: ProvisionerMessage[] = [];
  await provision(run, (message) => messages.push(message), unhurried);
  const last = messages.at(-1);
  if (last?.type !== 'result') throw new Error(`no result but ${JSON.stringify(last)}`);
  return last;
};

const sorted = <T extends { plan: readonly { op: string; name: string; resourceType: string }[] }>(result: T): T => ({
  ...result,
  plan: result.plan.toSorted((a, b) => `${a.resourceType} ${a.name}`.localeCompare(`${b.resourceType} ${b.name}`)),
});

test('a preview and a look for drift in this process answer as the Automation API does, and leave nothing behind', async () => {
  const fresh = await previewStack(runOf('preview', specOf('eu-2')), unhurried);
  expect(await readdir(home)).toEqual(['passphrase']);
  expect(sorted(await throughApi(runOf('preview', specOf('eu-2'))))).toEqual(sorted(fresh));
  // Neither does the other way: no stack, no config, no lock.
  expect(await readdir(join(home, 'state'))).toEqual(['runs']);
  await throughApi(runOf('up', specOf('eu-2')));
  const state = await readFile(join(home, 'state', 'eu-2.stack.json'), 'utf8');
  const larger = await previewStack(runOf('preview', specOf('eu-2', 'medium')), unhurried);
  expect(larger.plan.map(({ op, name }) => `${op} ${name}`)).toEqual(
    expect.arrayContaining(['update eu-2-database', 'replace eu-2-workload', 'create eu-2-nat-b']),
  );
  expect(sorted(await throughApi(runOf('preview', specOf('eu-2', 'medium'))))).toEqual(sorted(larger));
  expect((await previewStack(runOf('preview', specOf('eu-2')), unhurried)).plan).toEqual([]);

  const cloud = join(home, 'state', 'simulated-cloud', 'eu-2.json');
  await writeFile(cloud, (await readFile(cloud, 'utf8')).replace('"allocatedStorage": 50', '"allocatedStorage": 51'));
  const drift = await previewStack(runOf('drift', specOf('eu-2')), unhurried);
  expect(drift.drifted).toEqual([expect.objectContaining({ path: 'allocatedStorage', expected: 50, observed: 51 })]);
  expect(await throughApi(runOf('drift', specOf('eu-2')))).toEqual(drift);
  expect(await readFile(join(home, 'state', 'eu-2.stack.json'), 'utf8')).toBe(state);
});

test('the digest of what is rendered now is the digest that an up reports; another size has another (P-ST4)', async () => {
  const request = { spec: specOf('eu-3'), regionFacts, local: null };
  const rendered = await renderGraph(request);
  expect((await throughApi(runOf('up', specOf('eu-3')))).outputs?.graphDigest).toBe(rendered.graphDigest);
  expect((await renderGraph(request)).graphDigest).toBe(rendered.graphDigest);
  expect((await renderGraph({ ...request, spec: specOf('eu-3', 'medium') })).graphDigest).not.toBe(rendered.graphDigest);
  expect(rendered.resources.find(({ type }) => type === 'aws:rds/instance:Instance')).toMatchObject({
    protect: true,
    inputs: { allocatedStorage: 50, kmsKeyId: null },
  });
  // The token is made by an invoke and passes through the program.
  expect(rendered.resources.find(({ type }) => type.endsWith(':SecretVersion'))?.inputs).toMatchObject({ secretString: '[secret]' });
});

test('runs beside each other see only their own spec, config and state', async () => {
  const names = Array.from({ length: 8 }, (_, index) => `eu-${index + 1}`);
  const alone = new Map<string, string>();
  for (const name of names) alone.set(name, (await renderGraph({ spec: specOf(name), regionFacts, local: null })).graphDigest);
  expect(new Set(alone.values()).size).toBe(names.length);
  const together = await Promise.all(names.map(async (name) => renderGraph({ spec: specOf(name), regionFacts, local: null })));
  expect(together.map(({ graphDigest }) => graphDigest)).toEqual([...alone.values()]);
  const previews = await Promise.all(names.map(async (name) => previewStack(runOf('preview', specOf(name)), unhurried)));
  for (const [index, { plan }] of previews.entries()) expect(plan.every(({ name }) => name.startsWith(`${names[index]!}`))).toBe(true);
});
