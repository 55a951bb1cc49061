import type { IncomingMessage, ServerResponse } from 'node:http';
import { agentHealthPath, tenantHeader } from '@lapidary/contracts/workload';
import { AppError } from '@lapidary/kernel/app-error';
import { canonicalName } from '@lapidary/stamp-sdk/forward/hop-by-hop';

/** Everything below is the agent's; the workload never sees it. */
const ownPrefix = '/_lapidary/';
export const agentMetricsPath = '/_lapidary/metrics';

export interface OwnPages {
  readonly health: () => { readonly status: 200 | 503; readonly body: Record<string, unknown> };
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
}

export const isOwnPath = (url: string): boolean => url.startsWith(ownPrefix);

/** True where the request came through a router, on behalf of a tenant's client: such a one learns nothing of the stamp. */
const isTenantTraffic = (request: IncomingMessage): boolean =>
  request.rawHeaders.some((name, i) => i % 2 === 0 && canonicalName(name) === tenantHeader);

const isLoopback = (address: string | undefined): boolean => address !== undefined && /^(?:::ffff:)?127\.|^::1$/.test(address);

/** Health for everybody who reaches the front door; metrics for this machine only. Throws what is to be answered else. */
export const answerOwnPath = async (request: IncomingMessage, response: ServerResponse, pages: OwnPages): Promise<void> => {
  const path = (request.url ?? '').split('?', 1)[0];
  const readable = request.method === 'GET' || request.method === 'HEAD';
  if (!readable || isTenantTraffic(request)) throw nothingHere();
  if (path === agentHealthPath) {
    const { status, body } = pages.health();
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body));
    return;
  }
  if (path !== agentMetricsPath || !isLoopback(request.socket.remoteAddress)) throw nothingHere();
  const { type, text } = await pages.metrics();
  response.writeHead(200, { 'content-type': type }).end(text);
};

const nothingHere = (): AppError => new AppError('not_found', 'There is nothing at this address');
