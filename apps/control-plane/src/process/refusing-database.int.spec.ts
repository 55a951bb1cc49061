import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { waitFor } from '@lapidary/kernel/wait-for';
import { freshDatabase, freshRegion } from '@lapidary/testing/backends';
import { proves } from '@lapidary/testing/proves';
import { adminToken, configOfOneRegion } from '../../test/one-region.js';
import { runProcess, type RunningProcess } from './run-process.js';

const waitMs = 120_000;
const region = freshRegion();

let database: Awaited<ReturnType<typeof freshDatabase>>;
let admin: pg.Client;
let role: string;
let directory: string;
let running: RunningProcess;

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}
const ask = async (method: string, path: string, body?: unknown): Promise<Answer> => {
  const response = await fetch(`${running.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${adminToken}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    body: body === undefined ? null : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json().catch(() => ({}))) as Record<string, unknown> };
};
const isReady = async (): Promise<true | undefined> => (await ask('GET', '/readyz')).status === 200 || undefined;
const impaired = async (): Promise<unknown> => (await ask('GET', '/readyz')).body['impaired'];
const create = async (id: string): Promise<Answer> => await ask('POST', '/v1/tenants', { id, region });
const blocked = async (): Promise<string | undefined> =>
  /^lapidary_database_blocked (\d)/m.exec(await (await fetch(`${running.url}/metrics`)).text())?.[1];
/** Whoever is connected is cut off, and comes back to what holds now. */
const cutOff = async (): Promise<void> =>
  void (await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1 AND pid <> pg_backend_pid()', [role]));

beforeAll(async () => {
  database = await freshDatabase();
  const url = new URL(database.url);
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  // No superuser: limits hold for it.
  role = `role_${url.pathname.slice(1)}`;
  await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
  await admin.query(`ALTER DATABASE ${url.pathname.slice(1)} OWNER TO ${role}`);
  [url.username, url.password] = [role, 'secret'];
  directory = await mkdtemp(join(tmpdir(), 'lapidary-refusing-'));
  running = await runProcess(await configOfOneRegion(region, url.href, directory));
  running.started.catch(() => undefined);
  await waitFor('readiness', isReady, { timeoutMs: waitMs });
}, waitMs);
afterAll(async () => {
  await running?.stop();
  await admin.end();
  await database.drop();
  await rm(directory, { recursive: true });
});

afterEach(async () => {
  await admin.query(`ALTER ROLE ${role} RESET default_transaction_read_only`);
  await admin.query(`ALTER ROLE ${role} CONNECTION LIMIT -1`);
  await cutOff();
});

const heals = async (id: string): Promise<void> => {
  await waitFor('a write', async () => [201, 202].includes((await create(id)).status) || undefined, { timeoutMs: waitMs });
  await waitFor('the end of the trouble', async () => ((await isReady()) && (await impaired()) === undefined ? true : undefined), {
    timeoutMs: waitMs,
  });
  await waitFor('the metric', async () => (await blocked()) === '0' || undefined, { timeoutMs: waitMs });
};

describe('a database that is there', () => {
  it(
    proves(
      'and takes no writes, as a stand-by does: reads are answered, writes refused with the reason, and who is on call is told before anybody writes',
      { operation: 'place', failure: 'postgres-refuses', outcome: 'refuses' },
      { operation: 'claim', failure: 'postgres-refuses', outcome: 'refuses' },
      { operation: 'read-documents', failure: 'postgres-refuses', outcome: 'works' },
      { operation: 'write-documents', failure: 'postgres-refuses', outcome: 'refuses' },
      { operation: 'look-at-fleet', failure: 'postgres-refuses', outcome: 'works' },
      { operation: 'policy', failure: 'postgres-refuses', outcome: 'refuses' },
    ),
    async () => {
      expect([201, 202]).toContain((await create('before')).status);
      const collection = { scope: 'fleet', policy: { kind: 'lww' } };
      expect((await ask('PUT', '/v1/collections/notes', collection)).status).toBeLessThan(300);
      expect((await ask('PUT', '/v1/collections/notes/n', { value: { text: 'before' } })).status).toBeLessThan(300);
      await admin.query(`ALTER ROLE ${role} SET default_transaction_read_only = on`);
      await cutOff();
      const told = await waitFor('the trouble', async () => (await impaired()) ?? undefined, { timeoutMs: waitMs });
      expect(told).toEqual([expect.stringMatching(/^the database refuses since .*: it takes no writes/)]);
      await waitFor('the metric', async () => (await blocked()) === '1' || undefined, { timeoutMs: waitMs });
      const refused = await Promise.all([
        create('meanwhile'),
        ask('PUT', '/v1/collections/notes/n', { value: { text: 'meanwhile' } }),
        ask('PUT', '/v1/collections/others', collection),
      ]);
      const refusal = { status: 503, code: 'not_ready', detail: expect.stringContaining('it takes no writes') };
      expect(refused.map(({ status, body }) => ({ status, code: body['code'], detail: body['detail'] }))).toEqual(
        refused.map(() => refusal),
      );
      for (const path of ['/v1/tenants', '/v1/tenants/before', '/v1/stamps', '/v1/regions', '/v1/geode', '/v1/collections/notes'])
        expect([path, (await ask('GET', path)).status]).toEqual([path, 200]);
      expect((await ask('GET', '/v1/collections/notes/n')).body).toMatchObject({ value: { text: 'before' } });
      await admin.query(`ALTER ROLE ${role} RESET default_transaction_read_only`);
      await cutOff();
      await heals('after');
      for (const path of ['/v1/tenants/meanwhile', '/v1/collections/others'])
        expect([path, (await ask('GET', path)).status]).toEqual([path, 404]);
      expect((await ask('GET', '/v1/collections/notes/n')).body).toMatchObject({ value: { text: 'before' } });
    },
    400_000,
  );

  it('and gives no more connections: 503 with the reason, never 500, and all goes on once it does again', async () => {
    await admin.query(`ALTER ROLE ${role} CONNECTION LIMIT 0`);
    await cutOff();
    const refused = await waitFor(
      'a refusal',
      async () => ((await create('too-many')).status === 503 ? await create('too-many') : undefined),
      { timeoutMs: waitMs },
    );
    expect([refused.status, refused.body['detail']]).toEqual([503, expect.stringContaining('it has no connection left')]);
    const ready = await ask('GET', '/readyz');
    expect([ready.status, JSON.stringify(ready.body)]).toEqual([503, expect.stringContaining('database')]);
    await waitFor('the metric', async () => (await blocked()) === '1' || undefined, { timeoutMs: waitMs });
    await admin.query(`ALTER ROLE ${role} CONNECTION LIMIT -1`);
    await heals('room-again');
  }, 400_000);
});
