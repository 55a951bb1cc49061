import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@lapidary/kernel/app-error';
import { ProblemSchema } from '@lapidary/contracts/api/common';
import { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import { aStamp } from '@lapidary/testing/fleet-fixtures';
import { toProblem } from './output/problem.js';
import { emptyFolder, run, type Ran } from './test/run-stampctl.js';

let plane: FakeControlPlane;
const ctl = (...argv: string[]): Promise<Ran> => run(argv, { env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token } });

beforeEach(async () => {
  plane = await new FakeControlPlane().up();
});
afterEach(async () => plane.down());

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
    ['usage', 400, 2, ['stamps', 'lst', '-o', 'json']],
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

  test('where one region of a running fleet is away, the error names another one, which queues the change', async () => {
    const cwd = emptyFolder();
    mkdirSync(join(cwd, '.lapidary'));
    writeFileSync(join(cwd, '.lapidary/admin.token'), plane.token);
    const rest = { router: plane.url, routerAdmin: plane.url, nats: 'nats://127.0.0.1:1', postgres: 'postgres://127.0.0.1:1' };
    const runFile = {
      ready: true,
      supervisorPid: process.pid,
      startedAt: 'now',
      console: plane.url,
      tokenFile: '.lapidary/admin.token',
      regions: { eu: { ...rest, api: plane.url }, us: { ...rest, api: 'http://127.0.0.1:1' } },
      processes: [],
    };
    writeFileSync(join(cwd, '.lapidary/run.json'), JSON.stringify(runFile));
    const ran = await run(['tenants', 'create', 'acme', '--region', 'us'], { cwd });
    expect(ran.exit).toBe(1);
    expect(ran.err.replaceAll(/\s+/g, ' ')).toContain(`queues what needs this one: --server ${plane.url}`);
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

  test('who waits for longer than a moment is told what for', async () => {
    let left = 1;
    plane.intercept = (_, response) => {
      if (left-- <= 0) return false;
      setTimeout(() => response.writeHead(503).end(), 2_050);
      return true;
    };
    const ran = await ctl('stamps', 'ls');
    expect([ran.exit, ran.err]).toEqual([0, expect.stringContaining('; asking again …')]);
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

  test('doctor says what a control plane lacks: the rest may follow from it', async () => {
    const details = { missing: { nats: 'no connection' } };
    const problem = { ...toProblem(new AppError('not_ready', 'Missing: nats')), details };
    plane.intercept = ({ path }, response) => path === '/readyz' && Boolean(response.writeHead(503).end(JSON.stringify(problem)));
    const ran = await ctl('doctor');
    expect([ran.exit, ran.out.replaceAll(/\s+/g, ' ')]).toEqual([
      1,
      expect.stringContaining('fail control plane lacks nats: no connection'),
    ]);
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
