import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { RouteQuerySchema } from '@lapidary/contracts/api/routing';
import { TenantIdSchema } from '@lapidary/contracts/api/common';
import { tenantKey } from '@lapidary/contracts/directory';
import { AppError, toAppError } from '@lapidary/kernel/app-error';
import { newId } from '@lapidary/kernel/ids';
import { answerProblem } from './answer-problem.js';
import type { Directory } from './directory/directory.js';
import { explain, type ExplainDeps } from './explain.js';
import { listen, type ListenPlace } from './listening.js';
import type { RouterMetrics } from './metrics.js';
import { hopReadings } from './observe/latency-budget.js';
import { metricsPage } from './observe/metrics-page.js';
import { trafficReport } from './observe/traffic-report.js';
import type { Takers } from './takers.js';

export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

export interface AdminServerOptions extends ExplainDeps {
  readonly takers: Takers;
  readonly directory: Directory;
  readonly metrics: RouterMetrics;
  readonly readiness: () => Readiness;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

type Handler = (options: AdminServerOptions, url: URL, headers: IncomingHttpHeaders) => Answer | Promise<Answer>;

const ok = (body: unknown): Answer => ({ status: 200, body });

const directoryState: Handler = ({ directory }) => ok({ ...directory.state(), ...directory.digest, live: directory.isLive });

const readiness: Handler = (options) => {
  const state = options.readiness();
  return { status: state.ready ? 200 : 503, body: { ...state, directory: options.directory.state() } };
};

const tenantEntry: Handler = ({ directory }, url) => {
  const id = TenantIdSchema.safeParse(decodeURIComponent(url.pathname.slice('/directory/tenants/'.length)));
  if (!id.success) throw new AppError('invalid_input', 'This is not a tenant id.');
  const held = directory.held(tenantKey(id.data));
  if (!held) throw new AppError('unknown_tenant', `The directory has no tenant "${id.data}".`);
  return ok({ ...held.entry, appliedAtMs: held.appliedAtMs });
};

/** As in a request: the token that is asked about. */
const bearerOf = (authorization: string | undefined): string | undefined => /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];

const explanation: Handler = async (options, url, { authorization }) => {
  const query = RouteQuerySchema.safeParse(Object.fromEntries(url.searchParams));
  if (!query.success) {
    const fields = query.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
    throw new AppError('invalid_input', 'Ask with ?host=<host>&path=<path>.', { fields });
  }
  const { host, path } = query.data;
  return ok(await explain(options, { host, path, token: bearerOf(authorization) }));
};

const traffic: Handler = async ({ routerId, takers }) => ok(trafficReport(routerId, await takers.looks()));

/** Time per hop against its target (P-LB3, P-LB4). */
const budget: Handler = async ({ takers }) => ok({ hops: hopReadings((await takers.looks()).map(({ hops }) => hops)) });

/** What the connections of each thread are, and why. */
const sockets: Handler = async ({ takers }) => ok({ threads: (await takers.looks()).map((look) => look.sockets) });

const handlerFor = (path: string): Handler | undefined => {
  if (path.startsWith('/directory/tenants/')) return tenantEntry;
  return {
    '/healthz': () => ok({ ok: true }),
    '/readyz': readiness,
    '/directory': directoryState,
    '/traffic': traffic,
    '/budget': budget,
    '/sockets': sockets,
    '/explain': explanation,
  }[path];
};

/** The port for operators and supervisors; never exposed to tenants' clients. */
export class AdminServer {
  private readonly server: Server;

  constructor(private readonly options: AdminServerOptions) {
    this.server = createServer((request, response) => void this.take(request, response));
  }

  listen(place: ListenPlace): Promise<number> {
    return listen(this.server, place);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (request.method !== 'GET' && request.method !== 'HEAD') throw new AppError('not_found', 'Only GET is answered here.');
      const url = new URL(request.url ?? '/', 'http://admin');
      if (url.pathname === '/metrics') return await this.sendMetrics(response);
      const handler = handlerFor(url.pathname);
      if (!handler) throw new AppError('not_found', `There is nothing at ${url.pathname}.`);
      const { status, body } = await handler(this.options, url, request.headers);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    } catch (error) {
      answerProblem(response, { error: error instanceof URIError ? new AppError('invalid_input') : toAppError(error), requestId: newId() });
    }
  }

  private async sendMetrics(response: ServerResponse): Promise<void> {
    const { contentType } = this.options.metrics.registry;
    response.writeHead(200, { 'content-type': contentType }).end(await metricsPage(this.options));
  }
}
