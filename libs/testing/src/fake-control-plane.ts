import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError, toAppError } from '@lapidary/kernel/app-error';
import { answerApi } from './fake-api-routes.js';
import { FakeFleet, type SeenRequest } from './fake-fleet.js';

/** Answers a request in place of the fake; returns false to let the fake answer after all. */
export type Interception = (request: SeenRequest, response: ServerResponse) => boolean | Promise<boolean>;

/**
 * A control plane by contract and in memory, for tests of its clients: the paths, schemas, error shapes, long poll,
 * event stream and session of the real one, without its database. Failures are injected by `intercept`; `down` and `up`
 * kill and restart it on the same port.
 */
export class FakeControlPlane extends FakeFleet {
  readonly seen: SeenRequest[] = [];
  intercept: Interception | null = null;
  private server: Server | null = null;
  private port = 0;

  constructor(private readonly serveStatic: ((path: string, response: ServerResponse) => boolean) | null = null) {
    super();
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async up(): Promise<this> {
    const server = createServer((request, response) => void this.handle(request, response));
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
    this.isUp = true;
    return this;
  }

  /** As kill -9 would: connections are cut in the middle of whatever they carry. */
  async down(): Promise<void> {
    const { server } = this;
    this.server = null;
    this.isUp = false;
    if (!server) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    this.streams.clear();
    for (const wake of [...this.waiters]) wake();
    await closed;
  }

  private async handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(message.url ?? '/', this.url);
    try {
      const request = {
        method: message.method ?? 'GET',
        path: url.pathname,
        query: url.searchParams,
        headers: message.headers,
        body: await bodyOf(message),
      };
      this.seen.push(request);
      if (this.intercept && (await this.intercept(request, response))) return;
      if (!request.path.startsWith('/v1/') && this.serveStatic?.(request.path, response)) return;
      await answerApi(this, request, response);
    } catch (error) {
      if (response.headersSent || response.destroyed) return;
      refuse(response, toAppError(error));
    }
  }
}

/** Answers as the control plane's problem filter does. */
export const refuse = (response: ServerResponse, error: AppError): void => {
  const { entry, code, fields, details } = error;
  const body = {
    type: `/docs/runbooks/${code}`,
    title: entry.title,
    status: entry.status,
    detail: error.message,
    code,
    check: entry.check,
    retry: entry.retry,
    requestId: 'req-1',
    fields,
    details,
  };
  response.writeHead(entry.status, { 'content-type': 'application/problem+json', 'x-request-id': 'req-1' }).end(JSON.stringify(body));
};

const bodyOf = async (message: IncomingMessage): Promise<unknown> => {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  if (chunks.length === 0) return null;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch {
    throw new AppError('invalid_input', 'The body is not JSON');
  }
};
