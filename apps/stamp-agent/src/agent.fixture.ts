import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, createServer as createNetServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { headBytesAtStampMax } from '@lapidary/stamp-sdk/forward/request-check';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  HeartbeatSchema,
  HoldReplySchema,
  RegisterRequestSchema,
  SyncRequestSchema,
  type Heartbeat,
  type HoldCommand,
  type Holdings,
  type HoldReply,
  type RegisterReply,
  type RegisterRequest,
  type SyncReply,
} from '@lapidary/contracts/agent-protocol';
import { agentHeartbeat, agentFence, agentHold, agentRegister, agentSync } from '@lapidary/contracts/subjects';
import type { TenantId } from '@lapidary/kernel/names';
import { waitFor } from '@lapidary/kernel/wait-for';
import { NatsLink } from '@lapidary/messaging/nats-link';
import { createLogger } from '@lapidary/telemetry/logger';

export const silent = createLogger('stamp-agent', 'silent');
const tenantId = (name: string): TenantId => name as TenantId;

type Refusal = Extract<RegisterReply, { ok: false }>['code'];

/** The control plane's side of the agent protocol over real NATS, with one stamp and its rules. */
export class TestControlPlane {
  readonly registrations: RegisterRequest[] = [];
  readonly heartbeats: Heartbeat[] = [];
  syncs = 0;
  stampEpoch = 0;
  cursor = 0;
  resyncMs = 60_000;
  /** What every question is answered instead of the truth. */
  refuseWith: Refusal | null = null;
  /** Awaited before a sync is answered. */
  beforeSyncAnswer: () => Promise<void> = () => Promise.resolve();
  private instanceId = '';
  private readonly held = new Map<string, { epoch: number; cursor: number }>();
  private readonly link: NatsLink;

  constructor(
    natsUrl: string,
    readonly region: string,
    readonly stamp: string,
  ) {
    this.link = new NatsLink({ url: natsUrl, name: 'test-control-plane', logger: silent });
  }

  async start(): Promise<void> {
    this.link.serveJson(agentRegister(this.region), RegisterRequestSchema, (request) => this.register(request));
    this.link.serveJson(agentSync(this.region), SyncRequestSchema, async (request) => {
      this.syncs += 1;
      const answer = this.sync(request.epoch, request.instanceId);
      await this.beforeSyncAnswer();
      return answer;
    });
    this.link.subscribeJson(agentHeartbeat(this.region), HeartbeatSchema, (heartbeat) => this.heartbeats.push(heartbeat));
    await waitFor('the test control plane', () => this.link.isConnected || undefined, { timeoutMs: 60_000 });
    await this.link.connection.flush();
  }

  async stop(): Promise<void> {
    await this.link.close();
  }

  /** Changes the truth; returns the push that says so, unsent. */
  place(tenant: string, epoch: number): HoldCommand {
    this.held.set(tenant, { epoch, cursor: ++this.cursor });
    return { tenant: tenantId(tenant), epoch, cursor: this.cursor, hold: true };
  }

  remove(tenant: string, epoch: number): HoldCommand {
    this.held.delete(tenant);
    return { tenant: tenantId(tenant), epoch, cursor: ++this.cursor, hold: false };
  }

  push(command: HoldCommand, timeoutMs = 4_000): Promise<HoldReply> {
    return this.link.requestJson(agentHold(this.region, this.stamp), command, HoldReplySchema, timeoutMs);
  }

  /** Tells every process of the stamp which epoch is the present one. */
  fence(epoch: number): void {
    this.link.publishJson(agentFence(this.region, this.stamp), { stamp: this.stamp, epoch });
  }

  list(): Holdings {
    return { asOf: this.cursor, holdings: [...this.held].map(([tenant, entry]) => ({ tenant: tenantId(tenant), ...entry })) };
  }

  private register(request: RegisterRequest): RegisterReply {
    if (this.refuseWith !== null) return { ok: false, code: this.refuseWith, message: 'no' };
    this.registrations.push(request);
    if (request.instanceId !== this.instanceId) this.stampEpoch += 1;
    this.instanceId = request.instanceId;
    return { ok: true, epoch: this.stampEpoch, heartbeatMs: 100, resyncMs: this.resyncMs, holdings: this.list() };
  }

  private sync(epoch: number, instanceId: string): SyncReply {
    if (this.refuseWith !== null) return { ok: false, code: this.refuseWith, message: 'no' };
    if (epoch !== this.stampEpoch || instanceId !== this.instanceId) return { ok: false, code: 'fenced', message: 'newer' };
    return { ok: true, holdings: this.list() };
  }
}

const listen = (server: Server, port = 0): Promise<number> =>
  new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));

export interface TestWorkload {
  readonly url: string;
  /** Bytes that reached it, health questions left out. */
  bytes(): number;
  readonly requests: IncomingMessage[];
  healthy: boolean;
  /** A request whose body has it is answered 401. */
  refusedToken: string;
  /** Answers every request that waits at /slow. */
  release(): void;
  waiting(): number;
  close(): Promise<void>;
}

/** A workload that echoes; GET /slow waits for release(). Counts what arrives on its sockets. */
export const startWorkload = async (atPort = 0): Promise<TestWorkload> => {
  const sockets = new Set<Socket>();
  const slow = new Set<ServerResponse>();
  const requests: IncomingMessage[] = [];
  let received = 0;
  let healthBytes = 0;
  const workload = { healthy: true, refusedToken: '' };
  const server = createServer({ maxHeaderSize: headBytesAtStampMax }, (request, response) => {
    if (request.url === '/healthz') {
      response.writeHead(workload.healthy ? 200 : 503, { 'content-type': 'application/json', connection: 'close' });
      response.end('{"version":"7.0.1"}', () => (healthBytes += request.socket.bytesRead));
      return;
    }
    requests.push(request);
    if (request.url === '/slow') {
      slow.add(response);
      response.on('close', () => slow.delete(response));
      return;
    }
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const isRefused = workload.refusedToken !== '' && body.includes(workload.refusedToken);
      response.writeHead(isRefused ? 401 : 200, {
        'content-type': 'application/json',
        'x-lapidary-held-epoch': 'forged',
        'x-lapidary-stamp': 'forged',
      });
      response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }));
    });
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
    requests.push(request);
    socket.on('error', () => undefined);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.on('data', (chunk) => socket.write(`echo:${chunk.toString()}`));
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => {
      sockets.delete(socket);
      received += socket.bytesRead;
    });
  });
  const port = await listen(server, atPort);
  return Object.assign(workload, {
    url: `http://127.0.0.1:${port}`,
    requests,
    bytes: () => received + [...sockets].reduce((sum, socket) => sum + socket.bytesRead, 0) - healthBytes,
    release: () => slow.forEach((response) => response.end('released')),
    waiting: () => slow.size,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const socket of sockets) socket.destroy();
      }),
  });
};

export interface TestProxy {
  readonly url: string;
  /** Drops every connection and takes none until restored. */
  cut(): void;
  restore(): void;
  close(): Promise<void>;
}

/** A TCP proxy in front of NATS, so that "NATS is gone" is a fact for one agent only. */
export const startProxy = async (targetUrl: string): Promise<TestProxy> => {
  const target = new URL(targetUrl);
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createNetServer((near) => {
    if (isCut) return void near.destroy();
    const far = connect(Number(target.port), target.hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  const port = await listen(server);
  const drop = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    url: `nats://127.0.0.1:${port}`,
    cut: () => {
      isCut = true;
      drop();
    },
    restore: () => {
      isCut = false;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        drop();
      }),
  };
};

export const temporaryDirectory = async (): Promise<{ path: string; remove(): Promise<void> }> => {
  const path = await mkdtemp(join(tmpdir(), 'lapidary-agent-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
};
