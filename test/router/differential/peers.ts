import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort } from '@lapidary/tools/local/free-port';
import { ensurePeer } from '@lapidary/tools/peers/ensure-peer';
import { runPeer } from '@lapidary/tools/peers/run-peer';
import { host } from '../corpus/case.ts';
import { strict } from '../wire/habits.ts';
import { startRecorder, type Recorder } from '../wire/recorder.ts';

export interface Proxy {
  /** "nginx 1.22.1" */
  readonly name: string;
  readonly port: number;
  readonly recorder: Recorder;
  close(): Promise<void>;
}

const root = resolve(import.meta.dirname, '../../..');

/** As their manuals have it for an HTTP/1.1 upstream with keep-alive; nothing made stricter or laxer than it comes. */
const configs = {
  nginx: (port: number, upstream: number): string => `pid nginx.pid;
user root;
worker_processes 1;
events {}
http {
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  upstream stamp { server 127.0.0.1:${upstream}; keepalive 16; }
  server { listen 127.0.0.1:${port} default_server; return 404; }
  server {
    listen 127.0.0.1:${port};
    server_name ${host};
    location / {
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Lapidary-Tenant acme;
      proxy_set_header X-Lapidary-Epoch 1;
      proxy_pass http://stamp;
    }
  }
}
`,
  haproxy: (port: number, upstream: number): string => `defaults
  mode http
  timeout connect 2s
  timeout client 10s
  timeout server 10s
frontend front
  bind 127.0.0.1:${port}
  http-request return status 404 unless { req.hdr(host),field(1,:),lower -m str ${host} }
  http-request set-header X-Lapidary-Tenant acme
  http-request set-header X-Lapidary-Epoch 1
  default_backend stamp
backend stamp
  server s 127.0.0.1:${upstream}
`,
};

/** A real engine before a strict recorder. */
export const startProxy = async (name: 'nginx' | 'haproxy'): Promise<Proxy> => {
  const peer = await ensurePeer(name, root);
  const recorder = await startRecorder(strict);
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'lapidary-differential-'));
  const running = await runPeer(peer, {
    folder,
    config: configs[name](port, recorder.port),
    ready: { kind: 'tcp', host: '127.0.0.1', port },
  });
  return {
    name: `${name === 'nginx' ? 'nginx' : 'HAProxy'} ${peer.version}`,
    port,
    recorder,
    close: async () => {
      await running.stop();
      await recorder.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
