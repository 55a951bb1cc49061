import { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import { aDeadLetter, aJob } from '@lapidary/testing/fleet-fixtures';
import { run, type Ran } from './test/run-stampctl.js';

let plane: FakeControlPlane;
const ctl = (...argv: string[]): Promise<Ran> => run(argv, { env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token } });

beforeEach(async () => {
  plane = await new FakeControlPlane().up();
});
afterEach(async () => plane.down());

const usual = { medianMs: 12_000, p90Ms: 40_000, samples: 9 };
const estimate = { usualMs: 12_000, atMostMs: 40_000, remainingMs: 7_000, remainingAtMostMs: 35_000, samples: 9, longerThanUsual: false };

describe('estimates', () => {
  test('a job that runs tells what is done and how long it usually takes, within 80 columns', async () => {
    const { steps } = aJob();
    const startedAt = new Date().toISOString();
    const running = { ...steps[0]!, status: 'running' as const, startedAt, usual, progress: { done: 5, expected: 7 } };
    const job = aJob({ status: 'running', startedAt, steps: [running, ...steps.slice(1).map((s) => ({ ...s, usual }))], estimate });
    plane.jobs.set(job.id, job);
    const shown = await ctl('jobs', 'show', job.id);
    expect(shown.out).toContain('about 7.0 s to go, at most 35 s (from 9 jobs)');
    expect(shown.out).toContain('0/4 steps');
    expect(Math.max(...shown.out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect((await ctl('jobs', 'show', job.id, '-o', 'wide')).out).toContain('5/7 resources');
    expect(JSON.parse((await ctl('jobs', 'show', job.id, '-o', 'json')).out)).toMatchObject({
      estimate,
      steps: [{ progress: { done: 5 } }, {}, {}, {}],
    });
  });

  test('while following, each step begins with how long it usually takes; without history nothing is made up', async () => {
    const follow = async (known: boolean): Promise<string> => {
      const job = aJob({ status: 'running', estimate: known ? estimate : null });
      const steps = job.steps.map((s) => ({ ...s, usual: known ? usual : null }));
      plane.jobs.set(job.id, job);
      plane.progress({ ...job, steps }, { step: 'check', message: 'Check the spec' });
      plane.progress({ ...job, steps, status: 'succeeded', estimate: null }, { message: 'done' });
      return (await ctl('jobs', 'watch', job.id)).err;
    };
    expect(await follow(true)).toContain('1/4 Check the spec (usually 12 s, at most 40 s)');
    expect(await follow(false)).not.toContain('usually');
  });
});

describe('jobs cancel', () => {
  test('--force is told to the control plane, with the reason', async () => {
    const job = aJob({ status: 'running' });
    plane.jobs.set(job.id, job);
    const { exit, err } = await ctl('jobs', 'cancel', job.id, '--force', '--reason', 'it hangs');
    expect(exit).toBe(0);
    expect(err).not.toContain('Stopping after the resource');
    expect(plane.seen.find((r) => r.path.endsWith('/cancel'))?.body).toEqual({ force: true, reason: 'it hangs' });
  });
});

describe('jobs dead-letters', () => {
  test.each([['table'], ['wide'], ['json'], ['yaml'], ['name']])('ls -o %s shows each letter', async (format) => {
    const letter = aDeadLetter();
    plane.deadLetters.set(letter.id, letter);
    const { exit, out } = await ctl('jobs', 'dead-letters', 'ls', '-o', format);
    expect(exit).toBe(0);
    expect(out).toContain(letter.id);
    if (format === 'table') expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test('show says why it died and what can be done', async () => {
    const letter = aDeadLetter();
    plane.deadLetters.set(letter.id, letter);
    const { out, err } = await ctl('jobs', 'dead-letters', 'show', letter.id);
    expect(out).toContain('workers_died: 10 workers in a row');
    expect(err).toContain(`stampctl jobs dead-letters replay ${letter.id}`);
    expect(err).toContain(`stampctl jobs dead-letters drop ${letter.id}`);
  });

  test('replay follows the job to its end', async () => {
    const job = aJob({ status: 'succeeded' });
    const letter = aDeadLetter({ job: job.id });
    plane.jobs.set(job.id, job);
    plane.deadLetters.set(letter.id, letter);
    const { exit, out } = await ctl('jobs', 'dead-letters', 'replay', letter.id, '-o', 'json');
    expect(exit).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ resolution: 'replayed' });
    expect(plane.seen.some((r) => r.path === `/v1/jobs/${job.id}/events`)).toBe(true);
  });

  test('drop needs a reason (2), and what is not there ends with 4', async () => {
    const letter = aDeadLetter();
    plane.deadLetters.set(letter.id, letter);
    expect((await ctl('jobs', 'dead-letters', 'drop', letter.id)).exit).toBe(2);
    expect(plane.deadLetters.get(letter.id)?.resolution).toBeNull();
    expect((await ctl('jobs', 'dead-letters', 'drop', letter.id, '--reason', 'retired')).exit).toBe(0);
    expect((await ctl('jobs', 'dead-letters', 'show', aDeadLetter().id)).exit).toBe(4);
  });

  test('help and a mistyped verb lead to the group', async () => {
    const { out } = await ctl('jobs', 'dead-letters', '--help');
    expect(out).toContain('replay');
    const mistyped = await ctl('jobs', 'dead-letters', 'reply', 'x');
    expect(mistyped.exit).toBe(2);
    expect(mistyped.err).toContain('replay');
  });
});
