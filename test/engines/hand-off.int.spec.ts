import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { renderDirectory, routeWord } from '@lapidary/stampctl/directory/formats';
import { HaproxyFeeder } from '@lapidary/stampctl/directory/haproxy-feeder';
import { HaproxyRuntime } from '@lapidary/stampctl/directory/haproxy-runtime';
import { mapChanges } from '@lapidary/stampctl/directory/map-changes';
import type { HostRoute } from '@lapidary/stampctl/directory/routes';
import { AppError } from '@lapidary/kernel/app-error';
import { freePort } from '../../tools/local/free-port.js';
import { ensurePeer } from '../../tools/peers/ensure-peer.js';
import { runPeer, type RunningPeer } from '../../tools/peers/run-peer.js';

/** The directory handed to engines that are not ours: the real ones route by it, with tenant and epoch set for the stamp's fence (I4). */
const root = resolve(import.meta.dirname, '../..');
const route = (tenant: string, stamp: string, epoch: number, host = `${tenant}.lapidary.localhost`): HostRoute => ({
  host,
  tenant,
  stamp,
  epoch,
});

const held = (tenant: string, retryAfterSeconds: number): HostRoute => ({
  host: `${tenant}.lapidary.localhost`,
  tenant,
  retryAfterSeconds,
});

let folder: string;
let door: Server;
let doorPort: number;
let received: number;
let port: number;
let peer: RunningPeer | undefined;

/** What the stamp behind the engine was told. */
const told = (
  host: string,
  more: Record<string, string> = {},
): Promise<{ status: number; headers: IncomingHttpHeaders; after: string | undefined }> =>
  new Promise((done, failed) => {
    request({ port, host: '127.0.0.1', path: '/', headers: { host, ...more }, agent: false }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
      answer.on('end', () =>
        done({
          status: answer.statusCode!,
          headers: text.startsWith('{') ? (JSON.parse(text) as IncomingHttpHeaders) : {},
          after: answer.headers['retry-after'],
        }),
      );
    })
      .on('error', failed)
      .end();
  });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lapidary-engines-'));
  received = 0;
  door = createServer((asked, answer) => {
    received += 1;
    answer.end(JSON.stringify(asked.headers));
  });
  await new Promise<void>((listening) => door.listen(0, '127.0.0.1', listening));
  doorPort = (door.address() as AddressInfo).port;
  port = await freePort();
});
afterEach(async () => {
  await peer?.stop();
  peer = undefined;
  door.closeAllConnections();
  await new Promise((closed) => door.close(closed));
  await rm(folder, { recursive: true });
});

const expectRouted = async (host: string, tenant: string, stamp: string, epoch: number): Promise<void> => {
  const { status, headers } = await told(host, { 'x-lapidary-epoch': '99', 'x-lapidary-tenant': 'mallory' });
  expect([status, headers['x-lapidary-tenant'], headers['x-lapidary-epoch'], headers['x-stamp']]).toEqual([
    200,
    tenant,
    String(epoch),
    stamp,
  ]);
};

/** P-ST7, I1: no stamp hears of a request whose tenant is about to be elsewhere. */
const expectHeld = async (tenant: string, after: string): Promise<void> => {
  const before = received;
  const answer = await told(`${tenant}.lapidary.localhost`, { 'x-lapidary-tenant': tenant, 'x-lapidary-epoch': '4' });
  expect([answer.status, answer.after, received]).toEqual([503, after, before]);
};

describe('HAProxy', () => {
  const start = async (routes: readonly HostRoute[]): Promise<HaproxyRuntime> => {
    const [map, socket] = [join(folder, 'tenants.map'), join(folder, 'admin.sock')];
    await writeFile(map, renderDirectory('haproxy', { routes, stamps: [] }));
    const config = [
      'global',
      `  stats socket ${socket} level admin`,
      'defaults',
      '  mode http',
      '  timeout client 5s',
      '  timeout connect 5s',
      '  timeout server 5s',
      'frontend edge',
      `  bind 127.0.0.1:${port}`,
      `  http-request set-var(txn.route) req.hdr(host),field(1,:),lower,map(${map})`,
      '  http-request return status 404 unless { var(txn.route) -m found }',
      '  http-request return status 503 hdr retry-after %[var(txn.route),field(3,@)] if { var(txn.route) -m beg @ }',
      '  http-request set-header x-lapidary-tenant %[var(txn.route),field(1,@)]',
      '  http-request set-header x-lapidary-epoch %[var(txn.route),field(3,@)]',
      '  http-request set-header x-stamp %[var(txn.route),field(2,@)]',
      '  use_backend %[var(txn.route),field(2,@)]',
      ...['eu-1', 'eu-2'].flatMap((stamp) => [`backend ${stamp}`, `  server door 127.0.0.1:${doorPort}`]),
      '',
    ].join('\n');
    peer = await runPeer(await ensurePeer('haproxy', root), { folder, config, ready: { kind: 'tcp', host: '127.0.0.1', port } });
    return new HaproxyRuntime(socket, map);
  };
  const feed = async (runtime: HaproxyRuntime, routes: readonly HostRoute[]): Promise<void> =>
    runtime.change(mapChanges(await runtime.held(), routes));

  test('routes by the exported map; what a client says of tenant and epoch is replaced', async () => {
    await start([route('acme', 'eu-1', 4), route('acme', 'eu-1', 4, 'shop.example.com')]);
    await expectRouted('acme.lapidary.localhost', 'acme', 'eu-1', 4);
    await expectRouted('Shop.Example.com:80', 'acme', 'eu-1', 4);
    expect((await told('nobody.lapidary.localhost')).status).toBe(404);
  });

  test('follows single changes by the runtime API, and holds what was fed', async () => {
    const runtime = await start([route('acme', 'eu-1', 4), route('gone', 'eu-1', 1)]);
    const after = [route('acme', 'eu-2', 5), route('new', 'eu-1', 1)];
    await feed(runtime, after);
    await expectRouted('acme.lapidary.localhost', 'acme', 'eu-2', 5);
    await expectRouted('new.lapidary.localhost', 'new', 'eu-1', 1);
    expect((await told('gone.lapidary.localhost')).status).toBe(404);
    expect(mapChanges(await runtime.held(), after)).toEqual({ add: [], set: [], remove: [] });
  });

  test('a restart while the control plane is away has the routes of the last look, not those of its file (I7)', async () => {
    const old = [route('acme', 'eu-1', 4), route('gone', 'eu-1', 1)];
    const runtime = await start(old);
    let isAway = false;
    const feeder = new HaproxyFeeder(runtime, () =>
      isAway ? Promise.reject(new AppError('not_ready', 'away')) : Promise.resolve([route('acme', 'eu-2', 5)]),
    );
    await feeder.look();
    isAway = true;
    await expect(feeder.look()).rejects.toThrow('away');
    // Another feeder knows better.
    await feed(runtime, [route('acme', 'eu-1', 6)]);
    expect(await feeder.bringBack()).toBeNull();
    await expectRouted('acme.lapidary.localhost', 'acme', 'eu-1', 6);
    await peer!.stop();
    await expect(feeder.bringBack()).rejects.toThrow('HAProxy does not answer');
    await start(old);
    await expectRouted('acme.lapidary.localhost', 'acme', 'eu-1', 4);
    expect(await feeder.bringBack()).toMatchObject({ changed: 1, removed: 1 });
    await expectRouted('acme.lapidary.localhost', 'acme', 'eu-2', 5);
    expect((await told('gone.lapidary.localhost')).status).toBe(404);
    expect(await feeder.bringBack()).toBeNull();
  });

  test('holds who is frozen or has no room yet, from the file and as fed; and lets go to the new stamp', async () => {
    const runtime = await start([held('waits', 10), route('acme', 'eu-1', 4)]);
    await expectHeld('waits', '10');
    await expectRouted('acme.lapidary.localhost', 'acme', 'eu-1', 4);
    await feed(runtime, [held('waits', 10), held('acme', 2)]);
    await expectHeld('acme', '2');
    await feed(runtime, [route('waits', 'eu-1', 1), route('acme', 'eu-2', 5)]);
    await expectRouted('acme.lapidary.localhost', 'acme', 'eu-2', 5);
    await expectRouted('waits.lapidary.localhost', 'waits', 'eu-1', 1);
  });

  test('takes a whole map of thousands at once; nobody in both is unknown meanwhile', async () => {
    const runtime = await start([route('acme', 'eu-1', 4), route('gone', 'eu-1', 1)]);
    const many = [route('acme', 'eu-2', 5), ...Array.from({ length: 3_000 }, (_, i) => route(`t${i}`, 'eu-1', i + 1))];
    let over = false;
    const replaced = runtime.replace(many.map((one) => [one.host, routeWord(one)] as const)).finally(() => (over = true));
    const statuses = new Set<number>();
    while (!over) statuses.add((await told('acme.lapidary.localhost')).status);
    await replaced;
    expect([...statuses]).toEqual([200]);
    await expectRouted('acme.lapidary.localhost', 'acme', 'eu-2', 5);
    await expectRouted('t2999.lapidary.localhost', 't2999', 'eu-1', 3_000);
    expect((await told('gone.lapidary.localhost')).status).toBe(404);
    expect(mapChanges(await runtime.held(), many)).toEqual({ add: [], set: [], remove: [] });
  });

  test('a change that HAProxy refuses is an error, not silence', async () => {
    const runtime = await start([route('acme', 'eu-1', 4)]);
    await expect(runtime.change({ add: [], set: [['nobody.example', 'x@y@1']], remove: [] })).rejects.toThrow('refused');
    await peer!.stop();
    await expect(runtime.held()).rejects.toThrow('does not answer');
  });
});

describe('nginx', () => {
  test('routes by the exported maps, and holds who is frozen; what a client says of tenant and epoch is replaced', async () => {
    const routes = [route('acme', 'eu-1', 4), route('acme', 'eu-1', 4, 'shop.example.com'), route('beta', 'eu-2', 7), held('gamma', 2)];
    await writeFile(join(folder, 'routes.conf'), renderDirectory('nginx', { routes, stamps: [] }));
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `  ${kind}_temp_path ${folder}/${kind};`);
    const config = [
      'worker_processes 1;',
      `pid ${folder}/nginx.pid;`,
      'events {}',
      'http {',
      ...temporary,
      '  access_log off;',
      `  include ${folder}/routes.conf;`,
      ...['eu-1', 'eu-2'].map((stamp) => `  upstream ${stamp} { server 127.0.0.1:${doorPort}; }`),
      `  server { listen 127.0.0.1:${port};`,
      '    add_header retry-after $lapidary_held always;',
      '    if ($lapidary_held) { return 503; }',
      '    if ($lapidary_stamp = "") { return 404; }',
      '    location / {',
      '      proxy_set_header x-lapidary-tenant $lapidary_tenant;',
      '      proxy_set_header x-lapidary-epoch $lapidary_epoch;',
      '      proxy_set_header x-stamp $lapidary_stamp;',
      '      proxy_pass http://$lapidary_stamp; } }',
      '}',
      '',
    ].join('\n');
    peer = await runPeer(await ensurePeer('nginx', root), { folder, config, ready: { kind: 'tcp', host: '127.0.0.1', port } });
    await expectRouted('acme.lapidary.localhost', 'acme', 'eu-1', 4);
    await expectRouted('SHOP.example.com', 'acme', 'eu-1', 4);
    await expectRouted('beta.lapidary.localhost', 'beta', 'eu-2', 7);
    await expectHeld('gamma', '2');
    expect((await told('nobody.lapidary.localhost')).status).toBe(404);
  });
});
