import { chmodSync, existsSync, mkdtempSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { waitFor } from '@lapidary/kernel/wait-for';
import { ensureControlPlaneDatabase } from './control-plane-database.js';
import { freePort } from './free-port.js';
import { ManagedProcess } from './managed-process.js';
import { preparePostgres, type PreparedPostgres } from './postgres.js';
import { elsewhereFile } from './postgres-home.js';
import { unprivilegedAccount } from './unprivileged.js';

const root = path.resolve(import.meta.dirname, '../..');
const readyMs = 30_000;
const asRoot = process.getuid?.() === 0;

let base: string;
const running: ManagedProcess[] = [];

const prepare = async (dir: string, notes: string[] = []): Promise<PreparedPostgres> =>
  preparePostgres({
    root,
    cacheDir: path.join(root, '.lapidary/cache'),
    dir,
    name: 'postgres-test',
    port: await freePort(),
    note: (text) => notes.push(text),
  });

const start = async (prepared: PreparedPostgres): Promise<ManagedProcess> => {
  const server = new ManagedProcess(prepared.launch, {
    logFile: path.join(base, 'log'),
    pidDir: path.join(base, 'pids'),
    pace: { backOffFirstMs: 50 },
  });
  running.push(server);
  server.start();
  await ready(server);
  return server;
};
const ready = (server: ManagedProcess): Promise<true> =>
  waitFor('PostgreSQL', () => server.snapshot.state === 'ready' || undefined, { timeoutMs: readyMs });

const query = async (url: string, sql: string): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
};

beforeEach(() => {
  base = mkdtempSync(path.join(tmpdir(), 'lapidary-postgres-'));
  chmodSync(base, 0o755);
});
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop(5000);
  rmSync(base, { recursive: true, force: true });
});

describe('PostgreSQL on this machine', () => {
  test('listens on loopback only, by password, and never as root', async () => {
    const prepared = await prepare(path.join(base, 'eu'));
    const server = await start(prepared);
    expect(
      await query(prepared.url, "select current_setting('listen_addresses') as at, current_setting('unix_socket_directories') as sockets"),
    ).toEqual([{ at: '127.0.0.1', sockets: '' }]);
    const wrong = new URL(prepared.url);
    wrong.password = 'guess';
    await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/);
    const owner = Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${server.snapshot.pid}/status`, 'utf8'))?.[1]);
    expect(owner).toBe(unprivilegedAccount()?.uid ?? process.getuid?.());
    expect(owner).not.toBe(0);
    expect(statSync(path.join(base, 'eu', 'password')).mode & 0o077).toBe(0);
  });

  test('what was committed survives kill -9, and the server is back by itself (I5)', async () => {
    const prepared = await prepare(path.join(base, 'eu'));
    const server = await start(prepared);
    await query(prepared.url, 'create table t (a int)');
    await query(prepared.url, 'insert into t values (42)');
    const { pid } = server.snapshot;
    process.kill(pid!, 'SIGKILL');
    await waitFor('a new server', () => (server.snapshot.state === 'ready' && server.snapshot.pid !== pid ? true : undefined), {
      timeoutMs: readyMs,
    });
    expect(await query(prepared.url, 'select a from t')).toEqual([{ a: 42 }]);
  });

  test('a pid file that names somebody else does not keep it from starting', async () => {
    const prepared = await prepare(path.join(base, 'eu'));
    const server = await start(prepared);
    const pidFile = path.join(prepared.dataDir, 'postmaster.pid');
    const lines = readFileSync(pidFile, 'utf8').split('\n');
    await server.stop(5000);
    const { writeFileSync } = await import('node:fs');
    // This test's own process: alive, and no PostgreSQL.
    writeFileSync(pidFile, [String(process.pid), ...lines.slice(1)].join('\n'));
    await start(prepared);
    expect(await query(prepared.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('clusters share nothing: each has its own password and data', async () => {
    const [eu, us] = [await prepare(path.join(base, 'eu')), await prepare(path.join(base, 'us'))];
    await Promise.all([start(eu), start(us)]);
    expect(new URL(eu.url).password).not.toBe(new URL(us.url).password);
    await query(eu.url, 'create database only_eu');
    expect(await query(us.url, "select 1 from pg_database where datname = 'only_eu'")).toEqual([]);
    const crossed = new URL(us.url);
    crossed.password = new URL(eu.url).password;
    await expect(query(crossed.href, 'select 1')).rejects.toThrow(/password/);
  });

  test("the control plane's role is no superuser; making it again, with another password too, is harmless", async () => {
    const prepared = await prepare(path.join(base, 'eu'));
    await start(prepared);
    const first = await ensureControlPlaneDatabase(prepared.url, 'aaaa');
    await query(first, 'create schema app');
    const again = await ensureControlPlaneDatabase(prepared.url, 'bbbb');
    expect(await query(again, 'select rolsuper, rolcreatedb, rolcreaterole from pg_roles where rolname = current_user')).toEqual([
      { rolsuper: false, rolcreatedb: false, rolcreaterole: false },
    ]);
    await expect(query(first, 'select 1')).rejects.toThrow(/password/);
  });

  (asRoot ? test : test.skip)(
    'below a folder that is closed to others its files are put elsewhere, with a note, and found again',
    async () => {
      const closed = path.join(base, 'closed');
      mkdirSync(closed, { mode: 0o700 });
      const notes: string[] = [];
      const prepared = await prepare(path.join(closed, 'eu'), notes);
      expect(prepared.dataDir.startsWith(closed)).toBe(false);
      expect(notes.join()).toContain(closed);
      const elsewhere = readFileSync(path.join(closed, 'eu', elsewhereFile), 'utf8').trim();
      expect(prepared.dataDir.startsWith(elsewhere)).toBe(true);
      const server = await start(prepared);
      await query(prepared.url, 'create database kept');
      await server.stop(5000);
      const again = await prepare(path.join(closed, 'eu'));
      expect(again.dataDir).toBe(prepared.dataDir);
      await start(again);
      expect(await query(again.url, "select datname from pg_database where datname = 'kept'")).toHaveLength(1);
      rmSync(elsewhere, { recursive: true, force: true });
      expect(existsSync(elsewhere)).toBe(false);
    },
  );
});
