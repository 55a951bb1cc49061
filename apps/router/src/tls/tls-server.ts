import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Socket } from 'node:net';
import type { Logger } from '@lapidary/telemetry/logger';
import { HotValue } from '@lapidary/config/hot-value';
import { closeWithEmptyQueue } from '../closing.js';
import { cameTrueBeforeQuiet, countdown } from '../leave.js';
import { listen, type ListenPlace } from '../listening.js';
import type { RouterMetrics } from '../metrics.js';
import { folderFingerprint, readCertificates, type Refused } from './certificate-folder.js';
import type { CertificateSet } from './certificates.js';

export interface TlsServerOptions {
  readonly folder: string;
  readonly metrics: RouterMetrics;
  readonly logger: Logger;
  readonly onHttp1: (socket: TLSSocket) => void;
  readonly onHttp2: (socket: TLSSocket) => void;
  /** For tests; else hotEveryMs. */
  readonly everyMs?: number;
}

/** A handshake is two round trips, over a satellite too; who is slower holds connections. */
const handshakeMs = 10_000;
/** In this order; a client without ALPN speaks HTTP/1.1. */
const protocols = ['h2', 'http/1.1'];

const unknownName = new Error('no certificate for this name');

/** Ends TLS: the certificate by the name asked for, current without a restart; sessions are resumed by tickets, also across a reload. */
export class TlsServer {
  private accepted = 0;
  private shaken = 0;

  private constructor(
    private readonly server: Server,
    private readonly certificates: HotValue<CertificateSet>,
  ) {
    server.on('connection', () => (this.accepted += 1));
    // Of each connection one of the two is told.
    for (const over of ['secureConnection', 'tlsClientError']) server.on(over, () => (this.shaken += 1));
  }

  static async start(options: TlsServerOptions): Promise<TlsServer> {
    const { folder, metrics, logger } = options;
    const count = (outcome: string): void => metrics.lapidary_router_reloads_total.inc({ what: 'certificates', outcome });
    const onRefused = ({ label, reason }: Refused): void => {
      count('refused');
      logger.error({ label, reason }, 'a certificate can’t be used; where there was one under its name, that one stays');
    };
    let before: CertificateSet | null = null;
    /** What is refused now. It is tried again at each look, and told once. */
    let refused: ReadonlySet<string> = new Set();
    const load = async (): Promise<CertificateSet> => {
      const now = new Set<string>();
      before = await readCertificates(folder, before, (what) => {
        const cause = `${what.label}: ${what.reason}`;
        if (!refused.has(cause)) onRefused(what);
        now.add(cause);
      });
      refused = now;
      tellEnds(metrics, before);
      return before;
    };
    const certificates = await HotValue.start({
      fingerprint: () => folderFingerprint(folder),
      load,
      isWhole: () => refused.size === 0,
      onReload: ({ all }) => {
        count('taken');
        logger.info({ certificates: all.length }, 'certificates were read again');
      },
      onRefused: (error) => {
        count('refused');
        logger.error({ err: error, folder }, 'the certificates can’t be read; the ones before stay');
      },
      everyMs: options.everyMs,
    });
    return new TlsServer(
      listener(options, () => certificates.current),
      certificates,
    );
  }

  listen(place: ListenPlace): Promise<number> {
    return listen(this.server, place);
  }

  /** Takes a connection that somebody else has accepted (PROXY protocol); it stays paused: TLS reads from its handle, and a flowing stream beside that spins. */
  attach(socket: Socket): void {
    this.server.emit('connection', socket);
  }

  /** Takes what has come, then no new connections, and lets handshakes end; those that were handed on are not ours any more. */
  async close(graceMs: number): Promise<void> {
    this.certificates.stop();
    const left = countdown(graceMs);
    if (this.server.listening) await closeWithEmptyQueue(this.server, left());
    await cameTrueBeforeQuiet(() => this.shaken >= this.accepted, left());
  }
}

/** Labels are files that people put there: a handful, and never from outside. */
const tellEnds = ({ lapidary_router_certificate_end_seconds: gauge }: RouterMetrics, { all }: CertificateSet): void => {
  gauge.reset();
  for (const { label, endsAtMs } of all) gauge.set({ name: label }, endsAtMs / 1000);
};

const listener = ({ metrics, onHttp1, onHttp2 }: TlsServerOptions, current: () => CertificateSet): Server => {
  const server = createServer({
    ALPNProtocols: protocols,
    minVersion: 'TLSv1.2',
    handshakeTimeout: handshakeMs,
    noDelay: true,
    // The server itself has no certificate: a client that names no host, or one that is not ours, gets no handshake.
    SNICallback: (serverName, answer) => {
      const found = current().find(serverName);
      if (found) answer(null, found.context);
      else answer(unknownName);
    },
  });
  server.on('secureConnection', (socket) => {
    socket.on('error', () => socket.destroy());
    metrics.lapidary_router_tls_handshakes_total.inc({ outcome: socket.isSessionReused() ? 'resumed' : 'full' });
    if (socket.alpnProtocol === 'h2') onHttp2(socket);
    else onHttp1(socket);
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException) => {
    const outcome = error === unknownName ? 'unknown_name' : error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT' ? 'timeout' : 'failed';
    metrics.lapidary_router_tls_handshakes_total.inc({ outcome });
  });
  return server;
};
