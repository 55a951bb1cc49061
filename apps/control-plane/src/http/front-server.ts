import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError } from '@lapidary/kernel/app-error';
import { problemContentType } from './problem-filter.js';
import { problemOf } from './problem.js';
import { requestIdOf } from './request-id.js';

/** A request that has not arrived whole by then is an attack or a lost cause. */
const requestTimeoutMs = 30_000;
const headersTimeoutMs = 10_000;
/** Longer than the idle time of common load balancers (60 s): they must be the ones to close, else they meet a closed socket. */
const keepAliveTimeoutMs = 65_000;
const retryAfterSeconds = 1;
const idleSweepMs = 50;

/**
 * The listening socket, there from the first moment: while the database is awaited it answers "alive, not ready", so
 * that supervisors see a living process and clients a clear answer. The application takes over the same socket.
 */
export class FrontServer {
  readonly server: Server;
  private handler: RequestListener = answerNotReady;

  constructor() {
    this.server = createServer((request, response) => this.handler(request, response));
    this.server.requestTimeout = requestTimeoutMs;
    this.server.headersTimeout = headersTimeoutMs;
    this.server.keepAliveTimeout = keepAliveTimeoutMs;
  }

  async listen(host: string, port: number): Promise<AddressInfo> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ host, port }, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
    return this.server.address() as AddressInfo;
  }

  handOver(handler: RequestListener): void {
    this.handler = handler;
  }

  /** Takes no new connections; kept ones are closed after their present request. */
  stopAccepting(): void {
    const { handler } = this;
    this.handler = (request, response) => {
      response.setHeader('connection', 'close');
      handler(request, response);
    };
    this.server.close();
    this.server.closeIdleConnections();
  }

  /** Waits for requests under way, at most `ms`; then cuts what is left. */
  async drain(ms: number): Promise<void> {
    if (!this.server.listening && (await this.connections()) === 0) return;
    // A connection becomes idle when its last answer is out, and nobody tells.
    const sweep = setInterval(() => this.server.closeIdleConnections(), idleSweepMs);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.server.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
    });
    clearInterval(sweep);
    this.server.closeAllConnections();
  }

  private async connections(): Promise<number> {
    return await new Promise((resolve) => this.server.getConnections((error, count) => resolve(error ? 0 : count)));
  }
}

const answerNotReady: RequestListener = (request, response) => {
  const isAlive = request.url === '/healthz';
  if (isAlive) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ status: 'ok' }));
    return;
  }
  const requestId = requestIdOf(request);
  const error = new AppError('not_ready', 'Waiting for the database', { details: { missing: { database: 'not usable yet' } } });
  response
    .writeHead(error.entry.status, {
      'content-type': problemContentType,
      'retry-after': String(retryAfterSeconds),
      'x-request-id': requestId,
    })
    .end(JSON.stringify(problemOf(error, requestId)));
};
