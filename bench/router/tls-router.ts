/** The router's TLS port alone: `node tls-router.ts <fast|general> <port> <upstream port> <tenants> <folder of certificates>`, as our-router.ts otherwise. */
import { createLogger } from '@lapidary/telemetry/logger';
import { FastServer } from '@lapidary/router/engine/fast-server';
import { inlineMore } from '@lapidary/router/inline-more';
import { TlsServer } from '@lapidary/router/tls/tls-server';
import { startTraffic } from '@lapidary/router/traffic.fixture';
import { benchPolicy } from './bench-policy.ts';

inlineMore();
const [path, port, upstreamPort, tenants, folder] = process.argv.slice(2);
const timeouts = { connectMs: 2_000, headMs: 30_000, idleMs: 60_000 };
const traffic = await startTraffic([`http://127.0.0.1:${upstreamPort}`], {
  timeouts,
  policy: benchPolicy(),
  on: path === 'general' ? 'general' : 'fast',
});
for (let i = 0; i < Number(tenants); i++) traffic.route({ tenant: `t${i}` });
const { server, metrics } = traffic;
const tls = await TlsServer.start({
  folder: folder!,
  metrics,
  logger: createLogger('bench', 'silent'),
  onHttp1: (socket) =>
    server instanceof FastServer ? server.attach(socket, { address: socket.remoteAddress ?? '', proto: 'https' }) : server.attach(socket),
  // The client doesn't offer it.
  onHttp2: (socket) => void socket.destroy(),
});
await tls.listen({ host: '127.0.0.1', port: Number(port) });
