import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProvisionRun } from '@lapidary/contracts/provisioner-protocol';
import { isAppError } from '@lapidary/kernel/app-error';
import { waitFor } from '@lapidary/kernel/wait-for';
import { StopReason } from '../jobs/stop-reason.js';
import { applySpec } from './apply-spec.js';
import { OutputTail } from './output-tail.js';
import { childFailureOf, runProvisioner, type ProvisionProgress } from './provisioner-child.js';

const script = fileURLToPath(new URL('../../test/fake-provisioner.mjs', import.meta.url));
const graces = { cancelMs: 400, shutdownMs: 200, exitMs: 300 };

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('the provisioning child', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lapidary-child-'));
  });
  afterEach(async () => {
    await rm(dir, { recursive: true, force: true });
  });

  const runOf = (behaviour: string): ProvisionRun => ({
    operation: 'up',
    spec: {
      name: 'eu-1',
      region: 'eu',
      driver: 'local',
      profile: 'small',
      ring: 'broad',
      isolation: 'pooled',
      capacity: { units: 10 },
      workload: { version: 'dev' },
      labels: { behaviour },
    },
    regionFacts: { jurisdiction: 'eu', awsRegion: 'eu-central-1' },
    engine: 'embedded',
    stateDir: dir,
    passphraseFile: join(dir, 'passphrase'),
    local: {
      postgresAdminUrl: 'postgres://admin:s3cret@127.0.0.1/x',
      natsUrl: 'nats://x',
      natsUser: 'u',
      natsPassword: 'hush',
      processDir: dir,
      rootDir: dir,
    },
  });
  const child = (behaviour: string, signal: AbortSignal = new AbortController().signal, seen: ProvisionProgress[] = []) =>
    runProvisioner({ script, cwd: dir, run: runOf(behaviour), signal, onProgress: (m) => seen.push(m), graces });
  const seenBy = (): { pid: number; env: string[]; argv: string[] } => JSON.parse(readFileSync(join(dir, 'seen.json'), 'utf8'));
  const started = (): Promise<{ pid: number }> =>
    waitFor('the child', () => (existsSync(join(dir, 'seen.json')) ? seenBy() : undefined), { timeoutMs: 60_000 });
  const apply = (behaviour: string, lines: string[] = [], signal = new AbortController().signal, lockWaitMs = 5_000) =>
    applySpec({
      script,
      cwd: dir,
      run: runOf(behaviour),
      signal,
      report: (level, message) => lines.push(`${level} ${message}`),
      lockWaitMs,
      retryFirstMs: 5,
    });
  const lives = (): number => Number(readFileSync(join(dir, 'lives'), 'utf8'));

  it('relays progress and gives the result', async () => {
    const seen: ProvisionProgress[] = [];
    const result = await child('good', undefined, seen);
    expect(result).toMatchObject({ changes: { create: 3 }, engine: 'fake', outputs: { templateVersion: '1.0.0' } });
    expect(seen.filter((m) => m.type === 'resource' && m.status === 'done')).toHaveLength(3);
  });

  it('secrets are neither on the command line nor in the environment of the child', async () => {
    process.env['LAPIDARY_DATABASE_URL'] = 'postgres://secret';
    try {
      await child('good');
    } finally {
      delete process.env['LAPIDARY_DATABASE_URL'];
    }
    expect(seenBy().env.filter((name) => name.startsWith('LAPIDARY_'))).toEqual([]);
    expect(seenBy().argv.join(' ')).not.toMatch(/s3cret|hush/);
  });

  it('I8: a child killed in the middle is followed by one that finds what is there; nothing is made twice', async () => {
    const lines: string[] = [];
    const result = await apply('crash-once', lines);
    expect(result.changes).toEqual({ create: 2 });
    expect(readFileSync(join(dir, 'applied'), 'utf8').trim().split('\n')).toEqual(['database', 'role', 'agent']);
    expect(lines.some((l) => /killed by SIGKILL.*trying again/.test(l))).toBe(true);
    expect((await apply('good')).changes).toEqual({ same: 3 });
  });

  it('a child that always crashes fails after a few tries, with the end of what it said', async () => {
    const error: unknown = await apply('crash-always').catch((e: unknown) => e);
    expect(isAppError(error) && error.code).toBe('provision_failed');
    expect(childFailureOf(error)).toEqual({ kind: 'crashed', retry: true });
    expect(isAppError(error) && String(error.details['output']).length).toBeLessThanOrEqual(8 * 1024);
    expect(isAppError(error) && error.details['output']).toMatch(/the very end$/);
    expect(lives()).toBe(4);
  });

  it('the lock of a dying predecessor is waited for, and not for ever', async () => {
    expect((await apply('locked-twice')).engine).toBe('fake');
    await rm(join(dir, 'lives'));
    expect(childFailureOf(await apply('locked-twice', [], undefined, -1).catch((e: unknown) => e))).toEqual({
      kind: 'locked',
      retry: true,
    });
  });

  it('a failure that a repeat can’t mend is not repeated', async () => {
    const error: unknown = await apply('fails').catch((e: unknown) => e);
    expect(isAppError(error) && error.message).toBe('the template is wrong');
    expect(lives()).toBe(1);
  });

  it('rubbish on the channel is told once and does no harm', async () => {
    const seen: ProvisionProgress[] = [];
    expect((await child('garbage', undefined, seen)).changes).toEqual({ create: 3 });
    expect(seen.filter((m) => m.type === 'log' && m.level === 'warning')).toHaveLength(1);
  });

  it('a refusal that people can act on keeps its own code and its names, and an approval reaches the child', async () => {
    const options = { script, cwd: dir, signal: new AbortController().signal, onProgress: () => undefined, graces };
    const run = runOf('needs-approval');
    await expect(runProvisioner({ ...options, run })).rejects.toMatchObject({
      code: 'approval_needed',
      details: { names: ['eu-1-database'], child: { retry: false } },
    });
    expect((await runProvisioner({ ...options, run: { ...run, approveReplace: ['eu-1-database'] } })).changes).toEqual({ create: 3 });
  });

  it('a child that ends without a word has failed; a program that is missing too', async () => {
    await expect(child('silent-end')).rejects.toMatchObject({
      code: 'provision_failed',
      message: expect.stringMatching(/ended with code 0/),
    });
    const run = {
      script: join(dir, 'nowhere.js'),
      cwd: dir,
      run: runOf('good'),
      signal: new AbortController().signal,
      onProgress: () => undefined,
    };
    await expect(runProvisioner(run)).rejects.toMatchObject({
      code: 'provision_failed',
      details: { output: expect.stringMatching(/Cannot find module/) },
    });
  });

  it('cancel is obeyed in good order', async () => {
    const stop = new AbortController();
    const running = child('obedient', stop.signal);
    const { pid } = await started();
    const reason = new StopReason('cancelled');
    stop.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(isAlive(pid)).toBe(false);
  });

  it('a deaf child is killed after the grace', async () => {
    const stop = new AbortController();
    const running = child('deaf', stop.signal);
    const { pid } = await started();
    stop.abort(new StopReason('cancelled'));
    await expect(running).rejects.toBeInstanceOf(StopReason);
    expect(isAlive(pid)).toBe(false);
  });

  it('at shut-down the child is left behind and ends by itself since its channel is closed', async () => {
    const stop = new AbortController();
    const running = child('deaf', stop.signal);
    const { pid } = await started();
    stop.abort(new StopReason('shutdown'));
    await expect(running).rejects.toBeInstanceOf(StopReason);
    await waitFor('the child to end', () => (isAlive(pid) ? undefined : true), { timeoutMs: 60_000 });
  });

  it('a child that lingers after its result is killed, and its result counts', async () => {
    expect((await child('result-then-hang')).changes).toEqual({ create: 3 });
    expect(isAlive(seenBy().pid)).toBe(false);
  });

  it('however much a child prints, little of it is held', () => {
    const tail = new OutputTail(10);
    for (let i = 0; i < 1000; i++) tail.add(Buffer.from(`chunk ${i} `));
    tail.add(Buffer.from('y'.repeat(1_000_000) + 'end'));
    expect(tail.text).toBe('yyyyyyyend');
  });
});
