import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@lapidary/kernel/wait-for';
import { freshDatabase, freshRegion, testNats } from '@lapidary/testing/backends';

const timeoutMs = 60_000;
const root = join(import.meta.dirname, '../../../..');
/** Each in another place where a secret of ours comes by; none may stand in a log, a metric or an answer. */
const planted = {
  admin: 'PLANTED-admin-token-0123456789',
  wrong: 'PLANTED-wrong-bearer-0123456789',
  signIn: 'PLANTED-sign-in-0123456789',
  cookie: 'PLANTED-cookie-0123456789',
  database: 'PLANTED-database-password',
  nats: 'PLANTED-nats-password',
  peer: 'PLANTED-peer-password',
  passphrase: 'PLANTED-passphrase-0123456789',
} as const;

let database: Awaited<ReturnType<typeof freshDatabase>>;
let directory: string;
let child: ChildProcess | undefined;
let said = '';

beforeAll(async () => {
  database = await freshDatabase();
  directory = await mkdtemp(join(tmpdir(), 'lapidary-secrets-'));
});
afterEach(async () => {
  if (child && child.exitCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  child = undefined;
  said = '';
});
afterAll(async () => {
  await database.drop();
  await rm(directory, { recursive: true });
});

/** The program, at the level at which it says most. */
const launch = async (more: Record<string, string> = {}): Promise<ChildProcess> => {
  const region = freshRegion();
  const other = freshRegion();
  const of = (name: string): string =>
    `${name}: { displayName: Test, jurisdiction: law, location: { latitude: 1, longitude: 1 }, aws: { region: eu-west-1 } }`;
  await writeFile(join(directory, 'regions.yaml'), `regions: { ${of(region)}, ${of(other)} }`);
  await writeFile(join(directory, 'token'), planted.admin);
  await writeFile(join(directory, 'passphrase'), planted.passphrase);
  child = spawn(process.execPath, ['--enable-source-maps', join(root, 'apps/control-plane/dist/main.js')], {
    env: {
      PATH: process.env['PATH'],
      LAPIDARY_REGION: region,
      LAPIDARY_HTTP_PORT: '0',
      LAPIDARY_DATABASE_URL: database.url,
      LAPIDARY_NATS_URL: testNats().url,
      LAPIDARY_NATS_USER: 'nobody',
      LAPIDARY_NATS_PASSWORD: planted.nats,
      LAPIDARY_PEERS: JSON.stringify({ [other]: { natsUrl: 'nats://127.0.0.1:1', natsUser: 'x', natsPassword: planted.peer } }),
      LAPIDARY_STAMPS_DIR: directory,
      LAPIDARY_ROOT_DIR: root,
      LAPIDARY_ADMIN_TOKEN_FILE: join(directory, 'token'),
      LAPIDARY_ENGINE_PASSPHRASE_FILE: join(directory, 'passphrase'),
      LAPIDARY_CONSOLE_DIR: join(directory, 'none'),
      LAPIDARY_LOG_LEVEL: 'trace',
      ...more,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  return child;
};
const secretsIn = (text: string): string[] => Object.values(planted).filter((secret) => text.includes(secret));

it('no token, cookie or password that comes by stands in a log, a metric or an answer', async () => {
  await launch();
  const url = await waitFor('its address', async () => /"url":"(http:[^"]+)"/.exec(said)?.[1], { timeoutMs });
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${url}${path}`, init);
  await waitFor(
    'it to know its administrator',
    async () => {
      const { status } = await ask('/v1/tenants', { headers: { authorization: `Bearer ${planted.admin}` } });
      return status === 200 ? true : undefined;
    },
    { timeoutMs },
  );
  const json = { 'content-type': 'application/json' };
  const answers = [
    await ask('/v1/tenants', { headers: { authorization: `Bearer ${planted.wrong}` } }),
    await ask('/v1/tenants', { headers: { cookie: `lapidary_session=${planted.cookie}` } }),
    await ask('/v1/session', { method: 'POST', headers: json, body: JSON.stringify({ token: planted.signIn }) }),
    await ask('/v1/session', { method: 'POST', headers: json, body: JSON.stringify({ token: planted.admin }) }),
    await ask('/v1/session', { method: 'POST', headers: json, body: JSON.stringify({ token: planted.signIn, more: planted.wrong }) }),
    await ask('/v1/session', { method: 'POST', headers: json, body: `{"token":"${planted.signIn}` }),
    await ask(`/v1/tenants?token=${planted.wrong}&access_token=${planted.wrong}`),
    await ask('/readyz'),
    await ask('/metrics'),
  ];
  const told = (await Promise.all(answers.map((answer) => answer.text()))).join('\n');
  // A head that the parser refuses.
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname, () => socket.end(`GET / HTTP/1.1\r\nauthorization Bearer ${planted.wrong}\r\n\r\n`));
  await socket.toArray();
  child!.kill('SIGTERM');
  await once(child!, 'exit');
  expect(said).toMatch(/"level":"(debug|trace|warn|info)"/);
  expect([secretsIn(said), secretsIn(told)]).toEqual([[], []]);
});

it('a database that can’t be reached is told of without its password', async () => {
  const { hostname, pathname } = new URL(database.url);
  await launch({ LAPIDARY_DATABASE_URL: `postgres://somebody:${planted.database}@${hostname}:1${pathname}` });
  await waitFor('it to say so', async () => (/ECONNREFUSED|database/.test(said) ? true : undefined), { timeoutMs });
  expect(secretsIn(said)).toEqual([]);
});

it('a configuration that is wrong is told of without its secrets', async () => {
  const refused = await launch({
    LAPIDARY_PEERS: `{"us":{"natsUrl":7,"natsPassword":"${planted.peer}"`,
    LAPIDARY_DATABASE_URL: `mysql://x:${planted.database}@y`,
  });
  await once(refused, 'close');
  expect(said).toContain('LAPIDARY_PEERS');
  expect(secretsIn(said)).toEqual([]);
});
