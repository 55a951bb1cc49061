import { jest } from '@jest/globals';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError } from '@pulumi/pulumi/automation/index.js';
import type { ProvisionRun } from '@lapidary/contracts/provisioner-protocol';
import { KmsServer } from '../testing/kms-server.js';
import { changesIn, provisionHome, resultIn, type ProvisionHome } from '../testing/provision-home.js';
import { commandError, engineError } from './engine-error.js';
import { messageOf } from './provisioner-events.js';
import { failureOf } from './provisioner-failure.js';
import '../testing/no-stack-traces.js';

/** An `up` of a hundred resources writes and syncs the state some hundred times; on a busy disk that takes seconds. */
jest.setTimeout(180_000);

let home: string;
let place: ProvisionHome;
beforeEach(async () => {
  place = await provisionHome();
  home = place.directory;
});
afterEach(() => place.remove());

const runOf: ProvisionHome['runOf'] = (...args) => place.runOf(...args);
const perform: ProvisionHome['perform'] = (...args) => place.perform(...args);

describe('the key of the state', () => {
  test('moves from the passphrase to KMS with the next provision, and is a finding until then; a refusal has a code of its own', async () => {
    const credentials = { AWS_ACCESS_KEY_ID: 'a-key-of-the-test', AWS_SECRET_ACCESS_KEY: 'its-secret' };
    Object.assign(process.env, credentials);
    const kms = await KmsServer.start();
    const under = (operation: ProvisionRun['operation'], name = 'eu-4') => ({ ...runOf(operation, { name }), stateKey: kms.keyUrl() });
    await perform(runOf('up', { name: 'eu-4' }));
    const moved = { resourceType: 'pulumi:pulumi:Stack', name: 'eu-4', path: 'stateKey', expected: kms.keyUrl(), observed: 'passphrase' };
    expect(resultIn(await perform(under('drift'))).drifted).toEqual([moved]);
    const up = resultIn(await perform(under('up')));
    expect(Object.keys(up.changes)).toEqual(['same']);
    // Nobody needs the passphrase any more.
    await writeFile(join(home, 'passphrase'), 'another');
    expect(resultIn(await perform(under('drift'))).drifted).toEqual([]);
    kms.refusal = 'DisabledException';
    expect((await perform(under('up', 'eu-5'))).at(-1)).toMatchObject({ type: 'failure', code: 'state_key_refused', retry: false });
    await kms.stop();
    for (const name of Object.keys(credentials)) Reflect.deleteProperty(process.env, name);
  });
});

describe('the aws target on the embedded engine', () => {
  test('is honest about the simulated cloud, changes only what a new profile changes, and refuses to delete data', async () => {
    const first = await perform(runOf('up'));
    expect(first.at(-1)).toMatchObject({ type: 'result', engine: 'embedded (simulated cloud)', changes: { create: expect.any(Number) } });
    const all = resultIn(first).changes['create']!;
    expect(all).toBeGreaterThan(100);
    const again = await perform(runOf('up'));
    // The secrets are made once, though every run asks for random passwords.
    expect(again.at(-1)).toEqual({ ...first.at(-1), changes: { same: all }, plan: [] });
    const newer = await perform(runOf('up', { workload: { version: '2' } }));
    expect(changesIn(newer).toSorted()).toEqual([
      'delete TaskDefinition eu-2-workload',
      'replace TaskDefinition eu-2-workload',
      'update Service eu-2-workload',
    ]);
    expect(newer.at(-1)).toMatchObject({ changes: { same: all - 2, update: 1, replace: 1 } });
    const larger = await perform(runOf('up', { profile: 'medium' }));
    expect(changesIn(larger)).toEqual(expect.arrayContaining(['update Instance eu-2-database', 'update ReplicationGroup eu-2-cache']));
    expect(resultIn(larger).plan.filter(({ op, stateful }) => stateful && (op === 'replace' || op === 'delete'))).toEqual([]);
    expect((await perform(runOf('destroy', { profile: 'medium' }))).at(-1)).toMatchObject({
      type: 'failure',
      code: 'resource_protected',
      retry: false,
    });
  });

  test('keeps the token out of the state and of the simulated cloud', async () => {
    await perform(runOf('up'));
    const state = await readFile(join(home, 'state', 'eu-2.stack.json'), 'utf8');
    const cloud = await readFile(join(home, 'state', 'simulated-cloud', 'eu-2.json'), 'utf8');
    expect(state).toContain('"ciphertext"');
    expect(state + cloud).not.toMatch(/"secretString": ?"/);
    expect(await readdir(join(home, 'state', 'runs'))).toEqual([]);
  });
});

describe('plans and drift', () => {
  test('a preview names every change with its properties, what is unknown, and what forces a replacement; it writes nothing', async () => {
    const fresh = resultIn(await perform(runOf('preview')));
    expect(fresh.plan).toHaveLength(fresh.changes['create']!);
    const database = fresh.plan.find(({ resourceType }) => resourceType === 'aws:rds/instance:Instance');
    expect(database).toMatchObject({ op: 'create', resourceType: 'aws:rds/instance:Instance', stateful: true, protected: true });
    expect(database?.diffs).toContainEqual(
      expect.objectContaining({ path: 'instanceClass', kind: 'add', before: null, after: 'db.t4g.medium' }),
    );
    expect(database?.diffs).toContainEqual(expect.objectContaining({ path: 'kmsKeyId', after: null, unknown: true }));
    await perform(runOf('up'));
    const before = await readFile(join(home, 'state', 'eu-2.stack.json'), 'utf8');
    const larger = resultIn(await perform(runOf('preview', { profile: 'medium' })));
    expect(larger.plan.map(({ op, name }) => `${op} ${name}`)).toEqual(
      expect.arrayContaining(['replace eu-2-agent', 'replace eu-2-workload', 'update eu-2-database', 'create eu-2-nat-b']),
    );
    expect(larger.plan.find(({ resourceType }) => resourceType === 'aws:rds/instance:Instance')?.diffs).toContainEqual({
      path: 'allocatedStorage',
      kind: 'update',
      before: 50,
      after: 200,
      unknown: false,
      forcesReplace: false,
    });
    expect(larger.plan.find(({ op, name }) => op === 'replace' && name === 'eu-2-workload')?.diffs).toContainEqual(
      expect.objectContaining({ path: 'cpu', before: '512', after: '1024', forcesReplace: true }),
    );
    const after = await readFile(join(home, 'state', 'eu-2.stack.json'), 'utf8');
    // The stack's config follows the asked spec; its resources do not.
    expect(JSON.parse(after).state.resources).toHaveLength(JSON.parse(before).state.resources.length);
    expect(JSON.parse(after).state.history).toEqual(JSON.parse(before).state.history);
  });

  test('drift tells path, expected and observed of what was tampered with or taken away, and writes nothing', async () => {
    const { changes } = resultIn(await perform(runOf('up')));
    expect(resultIn(await perform(runOf('drift')))).toMatchObject({ drifted: [], changes: { same: changes['create'] }, outputs: null });
    const cloud = join(home, 'state', 'simulated-cloud', 'eu-2.json');
    const world = JSON.parse(await readFile(cloud, 'utf8')) as Record<string, Record<string, unknown>>;
    const gone = Object.keys(world).find((id) => id.startsWith('natgateway-'))!;
    for (const [id, object] of Object.entries(world)) if (id.startsWith('instance-')) object['allocatedStorage'] = 51;
    delete world[gone];
    await writeFile(cloud, JSON.stringify(world));
    const found = resultIn(await perform(runOf('drift')));
    expect(found.drifted).toEqual([
      { resourceType: 'aws:ec2/natGateway:NatGateway', name: expect.any(String) as string, path: '', expected: gone, observed: null },
      { resourceType: 'aws:rds/instance:Instance', name: 'eu-2-database', path: 'allocatedStorage', expected: 50, observed: 51 },
    ]);
    expect(resultIn(await perform(runOf('drift'))).drifted).toEqual(found.drifted);
  });
});

describe('what stands between the plan and the work', () => {
  const stateFile = (): string => join(home, 'state', 'eu-2.stack.json');
  const cloudFile = (): string => join(home, 'state', 'simulated-cloud', 'eu-2.json');

  test('a mandatory policy refuses before anything is made; a preview shows the finding and goes on (I3)', async () => {
    const elsewhere = { jurisdiction: 'eu', awsRegion: 'us-east-1' };
    const preview = resultIn(await perform({ ...runOf('preview'), regionFacts: elsewhere }));
    expect(preview.policy).toContainEqual(expect.objectContaining({ rule: 'allowed-regions', level: 'mandatory' }));
    const refused = (await perform({ ...runOf('up'), regionFacts: elsewhere })).at(-1);
    expect(refused).toMatchObject({ type: 'failure', code: 'policy_refused', retry: false });
    const texts = (findings: readonly object[]): string[] => findings.map((finding) => JSON.stringify(finding)).toSorted();
    const { findings } = (refused as unknown as { details: { findings: object[] } }).details;
    expect(texts(findings)).toEqual(texts(preview.policy.filter(({ level }) => level === 'mandatory')));
    await expect(readFile(cloudFile())).rejects.toThrow('ENOENT');
    expect(JSON.parse(await readFile(stateFile(), 'utf8')).state.resources).toEqual([]);
    expect(resultIn(await perform(runOf('preview'))).policy.filter(({ level }) => level === 'mandatory')).toEqual([]);
  });

  test('what would lose data is refused with its names before anything is changed, and done once each is approved', async () => {
    await perform(runOf('up'));
    // As if the template had encrypted the database under another key so far: only a new database can have this one.
    const file = JSON.parse(await readFile(stateFile(), 'utf8')) as {
      state: { resources: { type: string; inputs: Record<string, unknown> }[] };
    };
    for (const { type, inputs } of file.state.resources) if (type === 'aws:rds/instance:Instance') inputs['kmsKeyId'] = 'arn:former';
    await writeFile(stateFile(), JSON.stringify(file));
    const cloud = await readFile(cloudFile(), 'utf8');
    const refused = (await perform(runOf('up', { profile: 'medium' }))).at(-1);
    expect(refused).toMatchObject({ type: 'failure', code: 'approval_needed', retry: false, details: { names: ['eu-2-database'] } });
    expect(await readFile(cloudFile(), 'utf8')).toBe(cloud);
    const other = await perform({ ...runOf('up', { profile: 'medium' }), approveReplace: ['eu-2-key'] });
    expect(other.at(-1)).toMatchObject({ code: 'approval_needed' });
    const approved = await perform({ ...runOf('up', { profile: 'medium' }), approveReplace: ['eu-2-database'] });
    expect(changesIn(approved)).toContain('replace Instance eu-2-database');
    expect(resultIn(await perform(runOf('preview', { profile: 'medium' }))).plan).toEqual([]);
    // The new one is protected again.
    expect((await perform(runOf('destroy', { profile: 'medium' }))).at(-1)).toMatchObject({ code: 'resource_protected' });
  });
});

describe('failures as messages', () => {
  const same = (text: string): string => text;

  test('keep the engine’s code and its retry flag', () => {
    expect(failureOf(commandError('x', engineError('locked', 'held by process 7')), false, same)).toEqual({
      type: 'failure',
      code: 'locked',
      message: 'held by process 7',
      retry: true,
      details: {},
    });
    expect(failureOf(engineError('state_unusable', 'x'), false, same)).toMatchObject({ code: 'state_unusable', retry: false });
  });

  test('of the real CLI are told by the SDK’s class and the lines that say "error"', () => {
    expect(failureOf(commandError('the stack is currently locked by 1 lock(s)'), false, same)).toMatchObject({
      code: 'locked',
      retry: true,
    });
    const failed = commandError('creating db: quota');
    expect(failed).toBeInstanceOf(CommandError);
    expect(failureOf(failed, false, same)).toMatchObject({ code: 'resource_failed', message: 'error: creating db: quota' });
    expect(failureOf(failed, true, same)).toMatchObject({ code: 'cancelled' });
    expect(failureOf(new Error('boom secret'), false, (t) => t.replace('secret', '…'))).toMatchObject({
      code: 'program_failed',
      message: 'boom …',
    });
  });
});

test('noise of the engine becomes no message: debug, the stack, providers, components', () => {
  const step = (type: string, custom: boolean) => ({
    sequence: 1,
    timestamp: 1,
    resourcePreEvent: {
      metadata: { op: 'create' as never, urn: `urn:pulumi:s::p::${type}::n`, type, provider: '', new: { custom } as never },
    },
  });
  expect(messageOf(step('pulumi:pulumi:Stack', false))).toBeUndefined();
  expect(messageOf(step('pulumi:providers:aws', true))).toBeUndefined();
  expect(messageOf(step('lapidary:stamp:Data', false))).toBeUndefined();
  expect(messageOf(step('aws:ec2/vpc:Vpc', true))).toMatchObject({ op: 'create', name: 'n', status: 'started' });
  expect(
    messageOf({ sequence: 1, timestamp: 1, diagnosticEvent: { message: 'x', color: '', severity: 'debug' as never } }),
  ).toBeUndefined();
});
