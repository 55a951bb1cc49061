import { jest } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError } from '@pulumi/pulumi/automation/index.js';
import { ProvisionerMessageSchema, type ProvisionerMessage, type ProvisionRun } from '@lapidary/contracts/provisioner-protocol';
import { commandError, engineError } from './engine-error.js';
import { messageOf } from './provisioner-events.js';
import { failureOf } from './provisioner-failure.js';
import { provision } from './provisioner.js';

Error.stackTraceLimit = 0;
/** An `up` of 47 resources writes and syncs the state some hundred times; on a busy disk that takes seconds. */
jest.setTimeout(60_000);

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'lapidary-provisioner-'));
  await writeFile(join(home, 'passphrase'), 'a passphrase for tests');
});
afterEach(() => rm(home, { recursive: true, force: true }));

const runOf = (operation: ProvisionRun['operation'], overrides: Partial<ProvisionRun['spec']> = {}): ProvisionRun => ({
  operation,
  spec: {
    name: 'eu-2',
    region: 'eu',
    driver: 'aws',
    profile: 'small',
    ring: 'broad',
    isolation: 'pooled',
    capacity: { units: 50 },
    workload: { version: '1' },
    labels: {},
    ...overrides,
  },
  regionFacts: { jurisdiction: 'eu', awsRegion: 'eu-west-1' },
  engine: 'embedded',
  stateDir: join(home, 'state'),
  passphraseFile: join(home, 'passphrase'),
  local: null,
});

const perform = async (run: ProvisionRun): Promise<ProvisionerMessage[]> => {
  const messages: ProvisionerMessage[] = [];
  await provision(run, (message) => messages.push(ProvisionerMessageSchema.parse(message)), new AbortController().signal);
  return messages;
};

const done = (messages: readonly ProvisionerMessage[]): string[] =>
  messages.flatMap((m) =>
    m.type === 'resource' && m.status === 'done' && m.op !== 'same' ? [`${m.op} ${m.resourceType.split(':').at(-1)} ${m.name}`] : [],
  );

describe('the aws target on the embedded engine', () => {
  test('is honest about the simulated cloud, changes only what a new profile changes, and refuses to delete data', async () => {
    const first = await perform(runOf('up'));
    expect(first.at(-1)).toMatchObject({ type: 'result', engine: 'embedded (simulated cloud)', changes: { create: 47 } });
    const again = await perform(runOf('up'));
    // The token is made once, though every run asks for a random password.
    expect(again.at(-1)).toEqual({ ...first.at(-1), changes: { same: 47 } });
    const larger = await perform(runOf('up', { profile: 'medium' }));
    expect(done(larger).toSorted()).toEqual([
      'delete TaskDefinition eu-2-agent',
      'delete TaskDefinition eu-2-workload',
      'replace TaskDefinition eu-2-agent',
      'replace TaskDefinition eu-2-workload',
      'update Instance eu-2-database',
      'update Service eu-2-agent',
      'update Service eu-2-workload',
    ]);
    expect(larger.at(-1)).toMatchObject({ changes: { same: 42, update: 3, replace: 2 } });
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

describe('failures as messages', () => {
  const same = (text: string): string => text;

  test('keep the engine’s code and its retry flag', () => {
    expect(failureOf(commandError('x', engineError('locked', 'held by process 7')), false, same)).toEqual({
      type: 'failure',
      code: 'locked',
      message: 'held by process 7',
      retry: true,
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
