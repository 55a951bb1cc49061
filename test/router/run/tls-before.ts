import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { FastServer } from '@lapidary/router/engine/fast-server';
import { makeCertificate, putCertificate } from '@lapidary/router/tls/certificate.fixture';
import { TlsServer } from '@lapidary/router/tls/tls-server';
import type { TestTraffic } from '@lapidary/router/traffic.fixture';
import { createLogger } from '@lapidary/telemetry/logger';

/** The name that its certificate is for. */
export const serverName = 'acme.lapidary.localhost';

/** TLS before a router's traffic, as the router has it: HTTP/1.1 goes where that of its plain port goes. */
export const startTls = async ({ server, metrics }: TestTraffic): Promise<{ readonly port: number; close(): Promise<void> }> => {
  const folder = await mkdtemp(join(tmpdir(), 'lapidary-certificates-'));
  await putCertificate(folder, 'base', makeCertificate([serverName]));
  const attach = (socket: TLSSocket): void => {
    if (server instanceof FastServer) server.attach(socket, { address: socket.remoteAddress ?? '', proto: 'https' });
    else server.attach(socket);
  };
  const logger = createLogger('test', 'silent');
  const tls = await TlsServer.start({ folder, metrics, logger, onHttp1: attach, onHttp2: (socket) => socket.destroy() });
  return {
    port: await tls.listen({ host: '127.0.0.1', port: 0 }),
    close: async () => {
      await tls.close(0);
      return rm(folder, { recursive: true });
    },
  };
};
