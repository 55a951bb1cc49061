import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../local/free-port.js';
import { ensurePeer } from './ensure-peer.js';
import { runPeer } from './run-peer.js';

const root = path.resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(tmpdir(), 'lapidary-peers-'));
const upstream = createServer((_request, response) => response.end('from the upstream'));
let upstreamPort: number;

beforeAll(async () => {
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  upstreamPort = (upstream.address() as AddressInfo).port;
});
afterAll(async () => {
  await new Promise((resolve) => upstream.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

const configs: Record<'nginx' | 'haproxy', (port: number) => string> = {
  nginx: (port) => `pid nginx.pid;
    events {}
    http {
      access_log off;
      client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
      server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${upstreamPort}; } }
    }`,
  haproxy: (port) => `defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend f
  bind 127.0.0.1:${port}
  default_backend b
backend b
  server s 127.0.0.1:${upstreamPort}
`,
};

it.each(['nginx', 'haproxy'] as const)('%s is at hand, says its version, proxies by a configuration of ours, and ends', async (name) => {
  const peer = await ensurePeer(name, root);
  expect(peer.version).toMatch(/^\d+\.\d+/);
  const port = await freePort();
  const running = await runPeer(peer, {
    folder: path.join(folder, name),
    config: configs[name](port),
    ready: { kind: 'tcp', host: '127.0.0.1', port },
  });
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('from the upstream');
  await running.stop();
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
});

it('wrk is at hand', async () => {
  expect((await ensurePeer('wrk', root)).version).toMatch(/^\d+\.\d+/);
});

it('a configuration that the engine refuses is told with the engine’s words', async () => {
  const peer = await ensurePeer('haproxy', root);
  const ready = { kind: 'tcp', host: '127.0.0.1', port: await freePort() } as const;
  await expect(runPeer(peer, { folder: path.join(folder, 'bad'), config: 'nonsense here\n', ready })).rejects.toThrow(/unknown keyword/);
});

it('a path that is named but does not exist is refused, not replaced by another program', async () => {
  await expect(ensurePeer('nginx', root, { LAPIDARY_NGINX: '/nowhere/nginx' })).rejects.toThrow(
    'LAPIDARY_NGINX: there is no /nowhere/nginx',
  );
});
