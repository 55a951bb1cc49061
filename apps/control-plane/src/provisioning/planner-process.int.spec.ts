import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SynthRequest } from '@lapidary/contracts/planner-protocol';
import { waitFor } from '@lapidary/kernel/wait-for';
import { PlannerProcess } from './planner-process.js';

const script = fileURLToPath(new URL('../../test/fake-planner.mjs', import.meta.url));

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('the planner', () => {
  let dir: string;
  let planner: PlannerProcess;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lapidary-planner-'));
    planner = new PlannerProcess({ script, cwd: dir });
  });
  afterEach(async () => {
    planner.close();
    await rm(dir, { recursive: true, force: true });
  });

  const question = (behaviour: string): SynthRequest => ({
    spec: {
      name: 'eu-1',
      region: 'eu',
      driver: 'aws',
      profile: 'small',
      ring: 'broad',
      isolation: 'pooled',
      capacity: { units: 10 },
      workload: { version: 'dev' },
      labels: { behaviour, dir },
    } as SynthRequest['spec'],
    regionFacts: { jurisdiction: 'eu', awsRegion: 'eu-central-1' },
    local: null,
  });
  /** The fake answers with its pid as digest. */
  const pidOf = async (behaviour: string): Promise<number> => Number((await planner.synthesize(question(behaviour))).graphDigest);

  it('stays warm: one process answers question after question, and many at once', async () => {
    const first = await pidOf('good');
    const more = await Promise.all(Array.from({ length: 20 }, async () => pidOf('good')));
    expect(new Set([first, ...more]).size).toBe(1);
  });

  it('that dies is replaced and asked again; nobody notices', async () => {
    const before = await pidOf('good');
    const [died, beside] = await Promise.all([pidOf('dies-once'), pidOf('good')]);
    expect(died).not.toBe(before);
    expect(isAlive(died)).toBe(true);
    expect([before, died]).toContain(beside);
  });

  it('that dies of a question twice refuses the question with its last words, and answers the next', async () => {
    await expect(planner.synthesize(question('dies-always'))).rejects.toMatchObject({
      code: 'plan_failed',
      details: { output: 'out of luck' },
    });
    expect(await pidOf('good')).toBeGreaterThan(0);
  });

  it('that gives no answer is waited for so long and no longer', async () => {
    planner.close();
    planner = new PlannerProcess({ script, cwd: dir, answerMs: 50 });
    await expect(planner.synthesize(question('silent'))).rejects.toMatchObject({ code: 'timeout' });
  });

  it('that has grown is replaced once it has nothing to answer', async () => {
    const fat = await pidOf('grows');
    expect(await pidOf('good')).not.toBe(fat);
    await waitFor('the grown planner to end', () => (isAlive(fat) ? undefined : true), { timeoutMs: 60_000 });
  });

  it('that is idle is let go, and started again by the next question', async () => {
    planner.close();
    planner = new PlannerProcess({ script, cwd: dir, idleMs: 20 });
    const first = await pidOf('good');
    await waitFor('the idle planner to end', () => (isAlive(first) ? undefined : true), { timeoutMs: 60_000 });
    expect(await pidOf('good')).not.toBe(first);
  });

  it('ends with the control plane, and whoever waits is told', async () => {
    const pid = await pidOf('good');
    const waiting = planner.synthesize(question('silent'));
    planner.close();
    await expect(waiting).rejects.toMatchObject({ code: 'not_ready' });
    await expect(planner.synthesize(question('good'))).rejects.toMatchObject({ code: 'not_ready' });
    await waitFor('the planner to end', () => (isAlive(pid) ? undefined : true), { timeoutMs: 60_000 });
  });

  it('is given up by whoever asked', async () => {
    const patience = new AbortController();
    const waiting = planner.synthesize(question('silent'), patience.signal);
    patience.abort(new Error('gone home'));
    await expect(waiting).rejects.toThrow('gone home');
    expect(await pidOf('good')).toBeGreaterThan(0);
  });
});
