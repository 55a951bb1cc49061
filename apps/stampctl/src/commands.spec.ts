import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemSchema } from '@lapidary/contracts/api/common';
import type { JobView } from '@lapidary/contracts/api/jobs';
import { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import { aStamp, aTenant } from '@lapidary/testing/fleet-fixtures';
import { parse } from 'yaml';
import { emptyFolder, run, type Ran } from './test/run-stampctl.js';

let plane: FakeControlPlane;
const ctl = (...argv: string[]): Promise<Ran> => run(argv, { env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token } });

/** Steps a provisioning job to its end, as the control plane's runner words it. */
const runToEnd = (job: JobView, to = job.steps.length): void => {
  let now: JobView = { ...job, status: 'running', startedAt: new Date().toISOString() };
  plane.progress(now, { message: 'accepted' });
  for (const step of job.steps.slice(0, to)) {
    const at = new Date().toISOString();
    now = { ...now, steps: now.steps.map((s) => (s.name === step.name ? { ...s, status: 'running', attempts: 1, startedAt: at } : s)) };
    plane.progress(now, { step: step.name, message: step.title });
    plane.progress(now, { step: step.name, message: 'created stamp:database eu-2-db' });
    now = {
      ...now,
      steps: now.steps.map((s) => (s.name === step.name ? { ...s, status: 'succeeded', finishedAt: at, message: 'done' } : s)),
    };
    plane.progress(now, { step: step.name, message: 'done', data: { status: 'succeeded' } });
  }
  if (to < job.steps.length) {
    const failed = job.steps[to]!.name;
    now = { ...now, steps: now.steps.map((s) => (s.name === failed ? { ...s, status: 'failed', message: 'disk is full' } : s)) };
    const error = { code: 'provision_failed', message: 'disk is full' };
    return plane.progress(
      { ...now, status: 'failed', error, finishedAt: new Date().toISOString() },
      { step: failed, level: 'error', message: 'disk is full' },
    );
  }
  plane.stamps.set(job.subject, aStamp({ name: job.subject, used: { units: 0 }, tenants: 0 }));
  plane.progress(
    { ...now, status: 'succeeded', summary: '8 created', finishedAt: new Date().toISOString() },
    { message: 'done: 8 created' },
  );
};

beforeEach(async () => {
  plane = await new FakeControlPlane().up();
  plane.onProvision = (job) => void setImmediate(() => runToEnd(job));
});
afterEach(async () => plane.down());

const reading: [string, string[]][] = [
  ['stamps ls', ['stamps', 'ls']],
  ['stamps show', ['stamps', 'show', 'eu-1']],
  ['stamps cordon', ['stamps', 'cordon', 'eu-1', '--reason', 'test']],
  ['stamps uncordon', ['stamps', 'uncordon', 'eu-1']],
  ['tenants ls', ['tenants', 'ls']],
  ['tenants show', ['tenants', 'show', 'acme']],
  ['tenants explain', ['tenants', 'explain', 'acme']],
  ['tenants create', ['tenants', 'create', 'bank', '--region', 'eu', '--weight', '2', '--residency', 'eu,us', '-l', 'plan=gold']],
  ['tenants residency', ['tenants', 'residency', 'acme', 'eu,us', '--reason', 'contract']],
  ['tenants delete', ['tenants', 'delete', 'acme', '--yes']],
  ['regions ls', ['regions', 'ls']],
  ['jobs ls', ['jobs', 'ls']],
  ['route', ['route', 'acme.lapidary.localhost']],
  ['doctor', ['doctor']],
  ['version', ['version']],
  ['provision', ['provision', 'eu-2']],
  ['provision --no-wait', ['provision', 'eu-2', '--no-wait']],
  ['provision --dry-run', ['provision', 'eu-3', '--dry-run', '--capacity', '50']],
  ['context ls', ['context', 'ls']],
  ['context show', ['context', 'show']],
  ['context set', ['context', 'set', 'prod', '--server', 'http://127.0.0.1:9']],
];

describe.each(reading)('%s', (_, argv) => {
  test.each(['table', 'wide', 'name'])('-o %s prints text and ends with 0', async (format) => {
    const ran = await ctl(...argv, '-o', format);
    expect(ran).toMatchObject({ exit: 0 });
    expect(ran.out).not.toContain('undefined');
    expect(ran.out).not.toContain('[object');
    expect(ran.out).not.toContain('\u001b[');
  });

  test('-o json prints one JSON value, and nothing else, on stdout', async () => {
    const ran = await ctl(...argv, '-o', 'json');
    expect(ran.exit).toBe(0);
    expect(() => void JSON.parse(ran.out)).not.toThrow();
  });

  test('-o yaml says the same as JSON', async () => {
    const ran = await ctl(...argv, '-o', 'yaml');
    expect(ran.exit).toBe(0);
    expect(typeof parse(ran.out)).toBe('object');
  });

  test('a plain table fits 80 columns', async () => {
    const { out } = await ctl(...argv);
    expect(Math.max(...out.split('\n').map((l) => l.length))).toBeLessThanOrEqual(80);
  });
});

describe('jobs', () => {
  const finished = (): JobView => {
    const job = plane.openJob('eu-2');
    runToEnd(job);
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
    runToEnd(job, 1);
    const before = plane.jobs.get(job.id)!;
    const ended = ctl('jobs', 'retry', job.id);
    while (plane.jobs.get(job.id)?.status !== 'queued') await sleep(5);
    runToEnd({ ...before, status: 'queued' });
    const ran = await ended;
    expect(ran.exit).toBe(0);
    expect(ran.err).toContain('asked to try again');
    expect(ran.err).not.toContain('disk is full');
  });

  test('a failed job ends with 1, its step, its reason and how to go on', async () => {
    plane.onProvision = (job) => void setImmediate(() => runToEnd(job, 2));
    const ran = await ctl('provision', 'eu-2');
    expect(ran.exit).toBe(1);
    expect(ran.err).toMatch(/failed at "Create the resources": disk is full/);
    expect(ran.err).toMatch(/stampctl jobs retry eu\.[0-9A-Z]{26}/);
    expect(ran.out).toBe('');
  });
});

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
    const ended = run(['provision', 'eu-2'], {
      env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token },
      onErr: (text) => text.includes('control plane away, retrying') && away(),
    });
    while (plane.jobs.size === 0) await sleep(5);
    const [job] = plane.jobs.values();
    plane.progress({ ...job!, status: 'running' }, { message: 'before the crash' });
    await sleep(100);
    await plane.down();
    await seenAway;
    await plane.up();
    runToEnd(plane.jobs.get(job!.id)!);
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
    await sleep(50);
    runToEnd(open);
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

describe('tenants', () => {
  test('one without room is created, and told why it waits and what would help', async () => {
    const ran = await ctl('tenants', 'create', 'big', '--region', 'eu', '--weight', '90');
    expect(ran.exit).toBe(0);
    expect(ran.err).toContain('no stamp in eu has 90 units free');
    expect(ran.err).toContain('stampctl provision eu-2');
  });

  test('create waits until the stamp has confirmed it', async () => {
    const tenant = aTenant({ id: 'slow' });
    const unconfirmed = { ...tenant, placement: { ...tenant.placement!, servingAt: null } };
    plane.intercept = (request, response) => {
      if (request.method !== 'POST' || request.path !== '/v1/tenants') return false;
      plane.tenants.set('slow', unconfirmed);
      setTimeout(() => plane.tenants.set('slow', tenant), 250);
      response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(unconfirmed));
      return true;
    };
    const ran = await ctl('tenants', 'create', 'slow', '--region', 'eu', '-o', 'json');
    expect(ran.exit).toBe(0);
    expect(JSON.parse(ran.out)).toMatchObject({ placement: { servingAt: expect.any(String) as string } });
  });

  test('a deletion is not done without a confirmation, and nobody is asked without a terminal', async () => {
    const ran = await ctl('tenants', 'delete', 'acme');
    expect(ran.exit).toBe(2);
    expect(ran.err).toContain('--yes');
    expect(plane.tenants.get('acme')?.status).toBe('placed');
  });

  test('somebody else’s change in between ends with 5 and changes nothing', async () => {
    plane.intercept = (request) => {
      if (request.method === 'DELETE') plane.tenants.set('acme', aTenant({ version: 7 }));
      return false;
    };
    const ran = await ctl('tenants', 'delete', 'acme', '--yes');
    expect(ran.exit).toBe(5);
    expect(ran.err).toContain('version_conflict');
  });

  test('explain marks the chosen stamp and gives every rule and score, within 80 columns', async () => {
    const { out } = await ctl('tenants', 'explain', 'acme');
    expect(out).toMatch(/eu-1 in eu {2}total 73\.33 {2}◀ chosen/);
    expect(out).toMatch(/us-1 in us {2}refused/);
    expect(out).toMatch(/✓ +residency +eu is within/);
    expect(out).toMatch(/✗ +residency +us lies in/);
    expect(out).toMatch(/headroom +60 × 0\.5 +60 % of the units/);
    expect(out.replace(/\s+/g, ' ')).toContain('which a placement never overrides (I3)');
  });
});

describe('failures', () => {
  const problems: [string, number, Ran['exit'] | number, (() => Promise<Ran>) | string[]][] = [
    [
      'unauthenticated',
      401,
      3,
      () => run(['stamps', 'ls', '-o', 'json'], { env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: 'wrong' } }),
    ],
    ['not_found', 404, 4, ['stamps', 'show', 'eu-9', '-o', 'json']],
    ['not_found', 404, 4, ['tenants', 'explain', 'nobody', '-o', 'json']],
    ['name_taken', 409, 5, ['tenants', 'create', 'acme', '--region', 'eu', '-o', 'json']],
    ['invalid_input', 400, 2, ['tenants', 'create', 'x'.repeat(300), '--region', 'eu', '-o', 'json']],
    ['invalid_input', 400, 2, ['provision', 'eu-2', '--capacity', '0', '-o', 'json']],
    ['usage', 400, 2, ['tenants', 'create', 'acme', '-o', 'json']],
    ['usage', 400, 2, ['stamps', 'list', '-o', 'json']],
    ['usage', 400, 2, ['stamps', 'ls', '--colour', '-o', 'json']],
    ['usage', 400, 2, ['stamps', 'ls', '--timeout', 'soon', '-o', 'json']],
    ['no_context', 503, 2, () => run(['stamps', 'ls', '-o', 'json'])],
    ['api_unreachable', 503, 1, () => run(['stamps', 'ls', '-o', 'json'], { env: { STAMPCTL_SERVER: 'http://127.0.0.1:1' } })],
  ];

  test.each(problems)('%s (%i) ends with exit code %i, a problem on stderr and nothing on stdout', async (code, status, exit, what) => {
    const ran = await (typeof what === 'function' ? what() : ctl(...what));
    expect(ran.exit).toBe(exit);
    expect(ran.out).toBe('');
    expect(ProblemSchema.parse(JSON.parse(ran.err))).toMatchObject({ code, status });
  });

  test('text says what happened, the code and what to check; --verbose adds the request id', async () => {
    const quiet = await ctl('stamps', 'show', 'eu-9');
    expect(quiet.err.split('\n').map((l) => l.split(':')[0])).toEqual(['error', 'code', 'check', '']);
    expect((await ctl('stamps', 'show', 'eu-9', '--verbose')).err).toContain('request: req-1');
  });

  test.each([
    ['stampctl tenants create --help', ['tenants', 'create', 'acme', '--region', 'eu', '--wait']],
    ['stampctl stamps --help', ['stamps', 'shwo']],
    ['stampctl provision --help', ['--timeout', '5s', 'provision', 'eu-2', '--colour']],
    ['stampctl --help', ['stmps', 'ls']],
  ])('a usage error names the help that answers it: %s', async (help, line) => {
    expect((await ctl(...line)).err).toContain(`See "${help}"`);
  });

  test('a mistyped command is answered with the right one', async () => {
    expect((await ctl('stmps', 'ls')).err).toContain('Did you mean stamps?');
    expect((await ctl('stamps', 'shwo')).err).toContain('Did you mean show?');
  });

  test('a 503 that passes is not seen by the user', async () => {
    let left = 2;
    plane.intercept = (_, response) => {
      if (left-- <= 0) return false;
      response.writeHead(503).end();
      return true;
    };
    expect((await ctl('stamps', 'ls')).exit).toBe(0);
  });

  test('a 503 that stays is an error', async () => {
    plane.intercept = (_, response) => Boolean(response.writeHead(503).end());
    expect(await ctl('stamps', 'ls')).toMatchObject({ exit: 1, err: expect.stringContaining('not_ready') as string });
  });

  test.each([
    ['HTML', '<html>welcome</html>'],
    ['JSON of another shape', '{"items":[{"name":5}],"next":null}'],
    ['nothing', ''],
  ])('%s instead of an answer is bad_answer', async (_, body) => {
    plane.intercept = (__, response) => Boolean(response.writeHead(200, { 'content-type': 'application/json' }).end(body));
    expect(await ctl('stamps', 'ls')).toMatchObject({ exit: 1, out: '', err: expect.stringContaining('bad_answer') as string });
  });

  test('a server that does not answer meets --timeout: exit code 6', async () => {
    plane.intercept = () => true;
    expect(await ctl('stamps', 'ls', '--timeout', '200ms')).toMatchObject({ exit: 6, out: '' });
  });

  test('a code that only a newer server knows keeps its name and its advice', async () => {
    const problem = { type: 't', title: 'T', status: 409, detail: 'moon is full', code: 'moon_full', check: 'Wait a week.', retry: false };
    plane.intercept = (_, response) => Boolean(response.writeHead(409).end(JSON.stringify(problem)));
    const ran = await ctl('stamps', 'ls');
    expect(ran.exit).toBe(5);
    expect(ran.err).toContain('moon_full');
    expect(ran.err).toContain('Wait a week.');
  });

  test('doctor says what is broken and ends with 1', async () => {
    plane.stamps.set('eu-1', aStamp({ health: 'dead' }));
    const ran = await ctl('doctor', '-o', 'json');
    expect(ran.exit).toBe(1);
    expect(JSON.parse(ran.out)).toMatchObject({ state: 'fail' });
    const wrong = await run(['doctor'], { env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: 'wrong' } });
    expect(wrong).toMatchObject({ exit: 1, out: expect.stringMatching(/fail +token/) as string });
    expect((await run(['doctor'], { env: { STAMPCTL_SERVER: 'http://127.0.0.1:1', STAMPCTL_TOKEN: 'x' } })).out).toMatch(/fail +API/);
  });
});

describe('lists', () => {
  test('are read to their end, page by page', async () => {
    for (let n = 0; n < 1203; n += 1) plane.tenants.set(`t${n}`, aTenant({ id: `t${n}` }));
    const ran = await ctl('tenants', 'ls', '-o', 'name');
    expect(ran.out.trim().split('\n')).toHaveLength(1204);
    expect(plane.seen).toHaveLength(3);
    expect((await ctl('tenants', 'ls', '-o', 'name', '-n', '7')).out.trim().split('\n')).toHaveLength(7);
  });

  test('an empty one is an empty list for scripts and a hint for people', async () => {
    plane.stamps.clear();
    expect(JSON.parse((await ctl('stamps', 'ls', '-o', 'json')).out)).toEqual({ items: [], next: null });
    expect(await ctl('stamps', 'ls')).toMatchObject({ out: '', err: expect.stringContaining('stampctl provision') as string });
  });
});

describe('events tail', () => {
  test('continues after the last event seen when the control plane comes back', async () => {
    const ended = ctl('events', 'tail', '-o', 'json', '-n', '2');
    while (!plane.seen.some((r) => r.path === '/v1/events')) await sleep(5);
    await sleep(50);
    plane.emit('lapidary.tenant.created.v1', 'tenant/a', {});
    await sleep(50);
    await plane.down();
    plane.emit('lapidary.tenant.created.v1', 'tenant/missed', {});
    await plane.up();
    const ran = await ended;
    expect(ran.exit).toBe(0);
    expect(
      ran.out
        .trim()
        .split('\n')
        .map((l) => (JSON.parse(l) as { subject: string }).subject),
    ).toEqual(['tenant/a', 'tenant/missed']);
    expect(plane.seen.filter((r) => r.path === '/v1/events').at(-1)?.headers['last-event-id']).toBe('eu-1-1');
  });

  test('a refused token ends it', async () => {
    expect((await run(['events', 'tail'], { env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: 'no' } })).exit).toBe(3);
  });
});

describe('completion', () => {
  test.each(['bash', 'zsh', 'fish'])('%s gets a script', async (shell) => {
    const ran = await run(['completion', shell]);
    expect(ran.exit).toBe(0);
    expect(ran.out).toContain('stampctl complete --');
  });

  test('offers commands, formats, and the names of what exists', async () => {
    expect((await ctl('complete', '--', 'stam')).out).toContain('stamps');
    expect((await ctl('complete', '--', 'stamps', '')).out).toContain('cordon');
    expect((await ctl('complete', '--', 'stamps', 'show', '')).out).toContain('eu-1');
    expect((await ctl('complete', '--', 'tenants', 'explain', 'ac')).out).toContain('acme');
  });

  test('without a control plane it offers words and no errors', async () => {
    expect(await run(['complete', '--', 'stamps', 'show', ''], { cwd: emptyFolder() })).toMatchObject({ exit: 0, err: '' });
  });
});
