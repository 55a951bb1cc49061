import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { waitFor } from '@lapidary/kernel/wait-for';
import { freshDatabase, freshRegion } from '@lapidary/testing/backends';
import { proves } from '@lapidary/testing/proves';
import { adminToken, configOfOneRegion } from '../../test/one-region.js';
import { runProcess, type RunningProcess } from './run-process.js';

const waitMs = 40_000;

/** A wire to Postgres that can be cut and joined. */
class Wire {
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();
  port = 0;

  constructor(private readonly target: URL) {}

  async join(): Promise<void> {
    const server = createServer((inbound) => {
      const outbound = connect(Number(this.target.port || 5432), this.target.hostname);
      for (const [from, to] of [
        [inbound, outbound],
        [outbound, inbound],
      ] as const) {
        this.sockets.add(from);
        from.pipe(to);
        from.on('error', () => to.destroy());
        from.on('close', () => to.destroy());
      }
    });
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  async cut(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    await new Promise<void>((resolve) => {
      if (!server) return resolve();
      server.close(() => resolve());
      for (const socket of this.sockets) socket.destroy();
    });
    this.sockets.clear();
  }
}

describe('a control plane process', () => {
  const region = freshRegion();
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let wire: Wire;
  let directory: string;
  let config: ControlPlaneConfig;
  let running: RunningProcess | undefined;

  beforeAll(async () => {
    database = await freshDatabase();
    directory = await mkdtemp(join(tmpdir(), 'lapidary-process-'));
    const url = new URL(database.url);
    wire = new Wire(new URL(database.url));
    await wire.join();
    url.hostname = '127.0.0.1';
    url.port = String(wire.port);
    config = await configOfOneRegion(region, url.href, directory);
  });

  afterEach(async () => {
    await running?.stop();
    running = undefined;
    await wire.cut();
    await wire.join();
  });

  afterAll(async () => {
    await wire.cut();
    await database.drop();
    await rm(directory, { recursive: true });
  });

  const start = async (): Promise<RunningProcess> => {
    running = await runProcess(config);
    running.started.catch(() => undefined);
    return running;
  };
  const get = async (path: string, as = adminToken): Promise<{ status: number; body: Record<string, unknown> }> => {
    const response = await fetch(`${running!.url}${path}`, { headers: { authorization: `Bearer ${as}` } });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const untilReady = async (): Promise<unknown> =>
    await waitFor('readiness', async () => ((await get('/readyz')).status === 200 ? true : undefined), { timeoutMs: waitMs });

  it('waits for a database that is not there yet: alive, not ready, saying what is missing; then serves by itself', async () => {
    await wire.cut();
    await start();
    expect((await get('/healthz')).status).toBe(200);
    const waiting = await get('/readyz');
    expect(waiting).toMatchObject({ status: 503, body: { code: 'not_ready', details: { missing: { database: expect.any(String) } } } });
    expect((await get('/v1/tenants')).status).toBe(503);
    await wire.join();
    await untilReady();
    expect((await get('/v1/tenants')).body).toEqual({ items: [], next: null });
  });

  it(
    proves(
      'survives a database that goes away and comes back: 503 meanwhile, never 500',
      { operation: 'look-at-fleet', failure: 'postgres-down', outcome: 'refuses' },
      { operation: 'place', failure: 'postgres-down', outcome: 'refuses' },
      { operation: 'claim', failure: 'postgres-down', outcome: 'refuses' },
      { operation: 'foreign-command', failure: 'postgres-down', outcome: 'refuses' },
      { operation: 'read-documents', failure: 'postgres-down', outcome: 'refuses' },
      { operation: 'sell-stock', failure: 'postgres-down', outcome: 'refuses' },
      { operation: 'watch', failure: 'postgres-down', outcome: 'refuses' },
      { operation: 'policy', failure: 'postgres-down', outcome: 'refuses' },
      { operation: 'cancel-intent', failure: 'postgres-down', outcome: 'refuses' },
      { operation: 'rollout', failure: 'postgres-down', outcome: 'refuses' },
      { operation: 'drift', failure: 'postgres-down', outcome: 'refuses' },
      { operation: 'repair', failure: 'postgres-down', outcome: 'refuses' },
    ),
    async () => {
      await start();
      await untilReady();
      await wire.cut();
      const asked = async (method: string, path: string, body?: object): Promise<string> => {
        const response = await fetch(`${running!.url}/v1/${path}`, {
          method,
          headers: { authorization: `Bearer ${adminToken}`, ...(body ? { 'content-type': 'application/json' } : {}) },
          ...(body ? { body: JSON.stringify(body) } : {}),
        });
        return `${method} ${path} ${response.status}`;
      };
      const refused = await Promise.all([
        asked('POST', 'tenants', { id: 'unlucky', region, hosts: ['unlucky.example'] }),
        asked('POST', 'tenants', { id: 'unlucky', region: 'elsewhere' }),
        asked('GET', 'collections/notes/n'),
        asked('GET', 'collections/notes/documents/watch'),
        asked('PUT', 'collections/notes', { scope: 'fleet', policy: { kind: 'lww' } }),
        asked('POST', 'collections/stock/lamp', { operations: [{ op: 'subtract', units: 1 }] }),
        asked('POST', `intents/${region}.01K0000000000000000000000A/cancel`, {}),
        asked('POST', 'rollouts', { workload: { version: '1.0.0' } }),
        asked('POST', 'drift/runs', {}),
        asked('POST', 'drift/repairs', {}),
      ]);
      expect(refused.filter((text) => !text.endsWith(' 503'))).toEqual([]);
      const answers = await Promise.all([get('/v1/tenants'), get('/v1/stamps'), get('/readyz'), get('/healthz')]);
      expect(answers.map((a) => a.status)).toEqual([503, 503, 503, 200]);
      expect(answers[2]!.body).toMatchObject({ code: 'not_ready', details: { missing: { database: expect.any(String) } } });
      // Alive also for who can't be looked up.
      expect((await get('/healthz', 'seen-for-the-first-time')).status).toBe(200);
      await wire.join();
      await untilReady();
      expect((await get('/v1/tenants')).status).toBe(200);
      for (const path of ['/v1/tenants/unlucky', '/v1/collections/notes']) expect((await get(path)).status).toBe(404);
      for (const path of ['/v1/drift/runs', '/v1/rollouts', '/v1/intents']) expect((await get(path)).body.items).toEqual([]);
    },
  );

  it('ends within 8 seconds, answering what is under way, taking nothing new', async () => {
    await start();
    await untilReady();
    const created = fetch(`${running!.url}/v1/tenants?wait=20`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ id: 'last-call', region }),
    });
    await waitFor('the tenant', async () => ((await get('/v1/tenants')).body.items as unknown[])[0], { timeoutMs: waitMs });
    const url = running!.url;
    const startedAt = Date.now();
    const stopped = running!.stop();
    running = undefined;
    expect((await created).status).toBe(201);
    await stopped;
    expect(Date.now() - startedAt).toBeLessThan(8_000);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });

  it('can be ended while it still waits for the database', async () => {
    await wire.cut();
    await start();
    const startedAt = Date.now();
    await running!.stop();
    running = undefined;
    expect(Date.now() - startedAt).toBeLessThan(8_000);
  });

  it('can be ended while the database is away, and its successor serves', async () => {
    await start();
    await untilReady();
    await wire.cut();
    const startedAt = Date.now();
    await running!.stop();
    expect(Date.now() - startedAt).toBeLessThan(8_000);
    await wire.join();
    await start();
    await untilReady();
  });

  it('refuses to start for another region on the same database, or without its region in the file', async () => {
    await start();
    await untilReady();
    await running!.stop();
    running = await runProcess({ ...config, LAPIDARY_REGION: 'nowhere' });
    await expect(running.started).rejects.toMatchObject({ code: 'config_invalid' });
    await running.stop();
    await writeFile(
      join(directory, 'regions.yaml'),
      `regions: { other: { displayName: Test, jurisdiction: law, location: { latitude: 1, longitude: 1 }, aws: { region: eu-west-1 } } }`,
    );
    running = await runProcess({ ...config, LAPIDARY_REGION: 'other' });
    await expect(running.started).rejects.toMatchObject({ code: 'config_invalid', message: expect.stringContaining('belongs to region') });
  });
});
