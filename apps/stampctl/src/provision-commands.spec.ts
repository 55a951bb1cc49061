import { setTimeout as sleep } from 'node:timers/promises';
import type { JobView } from '@lapidary/contracts/api/jobs';
import { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import { parse } from 'yaml';
import { run, type Ran } from './test/run-stampctl.js';
import { runToEnd } from './test/run-to-end.js';

let plane: FakeControlPlane;
const ctl = (...argv: string[]): Promise<Ran> => run(argv, { env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token } });

beforeEach(async () => {
  plane = await new FakeControlPlane().up();
  plane.onProvision = (job) => void setImmediate(() => runToEnd(plane, job));
});
afterEach(async () => plane.down());

describe('provision', () => {
  test('shows each step once, in order, on stderr', async () => {
    const { err, exit } = await ctl('provision', 'eu-2');
    expect(exit).toBe(0);
    const lines = err.split('\n').filter((l) => /\d\/4 [A-Z]/.test(l));
    expect(lines.map((l) => l.replace(/^\S+\s+/, ''))).toEqual([
      '1/4 Check the spec',
      '2/4 Preview the template',
      '3/4 Create the resources',
      '4/4 Wait for the agent to register',
    ]);
    expect(err).toContain('eu-2 serves');
    expect(Math.max(...err.split('\n').map((l) => l.length))).toBeLessThanOrEqual(80);
  });

  test('a control plane that dies while we watch is waited for, and no line comes twice (I8)', async () => {
    plane.onProvision = () => undefined;
    let away: () => void = () => undefined;
    const seenAway = new Promise<void>((done) => (away = done));
    let shown: () => void = () => undefined;
    const seenBefore = new Promise<void>((done) => (shown = done));
    const ended = run(['provision', 'eu-2'], {
      env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token },
      onErr: (text) => {
        if (text.includes('before the crash')) shown();
        if (text.includes('control plane away, retrying')) away();
      },
    });
    while (plane.jobs.size === 0) await sleep(5);
    const [job] = plane.jobs.values();
    plane.progress({ ...job!, status: 'running' }, { message: 'before the crash' });
    await seenBefore;
    await plane.down();
    await seenAway;
    await plane.up();
    runToEnd(plane, plane.jobs.get(job!.id)!);
    const ran = await ended;
    expect(ran.exit).toBe(0);
    expect(ran.err.match(/before the crash/g)).toHaveLength(1);
    expect(ran.err.match(/control plane away/g)).toHaveLength(1);
    expect(ran.err).toContain('control plane is back');
  });

  test('a POST whose answer was lost is repeated under the same Idempotency-Key', async () => {
    let first = true;
    plane.intercept = (request, response) => {
      if (!request.path.endsWith('/provision') || !first) return false;
      first = false;
      response.destroy();
      return true;
    };
    expect((await ctl('provision', 'eu-2')).exit).toBe(0);
    const keys = plane.seen.filter((r) => r.path.endsWith('/provision')).map((r) => r.headers['idempotency-key']);
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
  });

  test('attaches to the job that is already under way', async () => {
    const open = plane.openJob('eu-2');
    const ended = ctl('provision', 'eu-2', '-o', 'json');
    while (!plane.seen.some((r) => r.path.endsWith('/events'))) await sleep(5);
    runToEnd(plane, open);
    const ran = await ended;
    expect(ran.exit).toBe(0);
    expect(JSON.parse(ran.out)).toMatchObject({ job: { id: open.id, status: 'succeeded' }, stamp: { name: 'eu-2' } });
    expect(ran.err).toContain('already under way');
  });

  test('--timeout ends with 6 and says how to watch again', async () => {
    plane.onProvision = () => undefined;
    const ran = await ctl('provision', 'eu-2', '--timeout', '300ms');
    expect(ran.exit).toBe(6);
    expect(ran.err).toMatch(/stampctl jobs watch eu\./);
  });

  test('Ctrl-C detaches: the job is not cancelled, and the way back is printed', async () => {
    plane.onProvision = () => undefined;
    const controller = new AbortController();
    const { Interrupted } = await import('./output/terminal.js');
    const ended = run(['provision', 'eu-2'], {
      env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token },
      interrupted: controller.signal,
    });
    while (!plane.seen.some((r) => r.path.endsWith('/events'))) await sleep(5);
    controller.abort(new Interrupted());
    const ran = await ended;
    expect(ran.exit).toBe(130);
    expect(ran.err).toMatch(/Detached.*stampctl jobs watch eu\./);
    expect(plane.seen.some((r) => r.path.endsWith('/cancel'))).toBe(false);
  });
});

describe('jobs', () => {
  const finished = (): JobView => {
    const job = plane.openJob('eu-2');
    runToEnd(plane, job);
    return plane.jobs.get(job.id)!;
  };

  test.each(['show', 'watch'])('%s works in every format', async (verb) => {
    const { id } = finished();
    for (const format of ['table', 'wide', 'name']) expect((await ctl('jobs', verb, id, '-o', format)).exit).toBe(0);
    expect(JSON.parse((await ctl('jobs', verb, id, '-o', 'json')).out)).toMatchObject({ id, status: 'succeeded' });
    expect(parse((await ctl('jobs', verb, id, '-o', 'yaml')).out)).toMatchObject({ id });
  });

  test('cancel waits until the job has stopped', async () => {
    const job = plane.openJob('eu-2');
    const ran = await ctl('jobs', 'cancel', job.id, '-o', 'json');
    expect(ran.exit).toBe(0);
    expect(JSON.parse(ran.out)).toMatchObject({ status: 'cancelled' });
  });

  test('retry follows the new attempt from where it began', async () => {
    const job = plane.openJob('eu-2');
    runToEnd(plane, job, 1);
    const before = plane.jobs.get(job.id)!;
    const ended = ctl('jobs', 'retry', job.id);
    while (plane.jobs.get(job.id)?.status !== 'queued') await sleep(5);
    runToEnd(plane, { ...before, status: 'queued' });
    const ran = await ended;
    expect(ran.exit).toBe(0);
    expect(ran.err).toContain('asked to try again');
    expect(ran.err).not.toContain('disk is full');
  });

  test('a failed job ends with 1, its step, its reason and how to go on', async () => {
    plane.onProvision = (job) => void setImmediate(() => runToEnd(plane, job, 2));
    const ran = await ctl('provision', 'eu-2');
    expect(ran.exit).toBe(1);
    expect(ran.err).toMatch(/failed at "Create the resources": disk is full/);
    expect(ran.err).toMatch(/stampctl jobs retry eu\.[0-9A-Z]{26}/);
    expect(ran.out).toBe('');
  });
});
