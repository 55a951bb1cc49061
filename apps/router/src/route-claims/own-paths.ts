import type { Logger } from '@lapidary/telemetry/logger';
import { routeGrantPath, routeKeysPath, routerPathPrefix, type RouteGrant } from '@lapidary/contracts/route-claim';
import { requestIdHeader } from '@lapidary/contracts/workload';
import type { RouterConfig } from '@lapidary/config/router';
import { AppError } from '@lapidary/kernel/app-error';
import { fileFingerprint, HotValue } from '@lapidary/config/hot-value';
import type { RouterMetrics } from '../metrics.js';
import type { ForwardDecision, RouteDecision } from '../pipeline/decide.js';
import { refuse, type Exchange, type Outcome } from '../pipeline/forward.js';
import { answerProblem } from '../answer-problem.js';
import type { PublicDoors } from '../public-doors.js';
import { ClaimIssuer } from './claim-issuer.js';
import { readClaimKeys, type ClaimKeys } from './claim-keys.js';

/** Keys may be fetched by caches between us and the agents; a new one must get through before it signs. */
const keysCacheSeconds = 60;

/** What the router answers itself on tenants' hosts: /.well-known/lapidary/… (P-ST7, token-encoded). */
export class OwnPaths {
  private readonly issuer: ClaimIssuer | null;

  constructor(
    private readonly baseDomain: string,
    private readonly doors: PublicDoors,
    private readonly keys: HotValue<ClaimKeys> | null,
    lifetimeMs: number,
  ) {
    this.issuer = keys && new ClaimIssuer(() => keys.current, lifetimeMs);
  }

  static async from(config: RouterConfig, doors: PublicDoors, metrics: RouterMetrics, logger: Logger): Promise<OwnPaths> {
    const { LAPIDARY_CLAIM_KEYS_FILE: file } = config;
    const count = (outcome: string): void => metrics.lapidary_router_reloads_total.inc({ what: 'claim_keys', outcome });
    const keys =
      file === undefined
        ? null
        : await HotValue.start({
            fingerprint: () => fileFingerprint(file),
            load: () => readClaimKeys(file),
            onReload: ({ kid }) => {
              count('taken');
              logger.info({ kid }, 'claims are signed by other keys');
            },
            onRefused: (error) => {
              count('refused');
              logger.error({ err: error }, 'the new keys of claims can’t be used; the old ones stay');
            },
          });
    return new OwnPaths(config.LAPIDARY_BASE_DOMAIN, doors, keys, config.LAPIDARY_CLAIM_LIFETIME_MS);
  }

  /** A first look, on the target as it came: whatever else decides is asked behind it. */
  concerns(url: string): boolean {
    return url.includes(routerPathPrefix);
  }

  /** Whether the path is ours; else it is the workload's after all. */
  isOurs({ request }: Exchange, decision: RouteDecision): boolean {
    return pathOf(request, decision).startsWith(routerPathPrefix);
  }

  /** Where the path is ours; a decision that refuses is answered as such but for the keys, which are everybody's. */
  async answer(exchange: Exchange, decision: RouteDecision): Promise<Outcome> {
    const { method } = exchange.request;
    const path = pathOf(exchange.request, decision);
    // A message unfit to be forwarded is unfit to be answered too.
    if (decision.action === 'refuse' && (decision.status !== undefined || path !== routeKeysPath)) return refuse(exchange, decision);
    if (method !== 'GET' && method !== 'HEAD')
      return problem(exchange, decision, new AppError('invalid_input', 'Only GET is answered here.'), 405);
    if (this.keys && path === routeKeysPath)
      return json(exchange, decision, this.keys.current.publicSet, `public, max-age=${keysCacheSeconds}`);
    if (this.issuer && path === routeGrantPath && decision.action === 'forward')
      return json(exchange, decision, await this.grant(decision, this.issuer), 'no-store');
    return problem(exchange, decision, new AppError('not_found', 'This router gives no such thing.'));
  }

  stop(): void {
    this.keys?.stop();
  }

  private async grant({ tenant, stamp, epoch, routes }: ForwardDecision, issuer: ClaimIssuer): Promise<RouteGrant> {
    const url = this.doors.of(routes.stamp)[0]?.origin;
    const host = `${tenant}.${this.baseDomain}`;
    const direct = url === undefined ? null : { url, ...(await issuer.issue({ tenant, stamp, epoch, url, host })) };
    return { tenant, stamp, epoch, direct } as RouteGrant;
  }
}

const pathOf = ({ url = '' }: Exchange['request'], decision: RouteDecision): string =>
  (decision.action === 'forward' ? decision.path : url).split('?', 1)[0]!;

/** Nothing more is read from its connection (I3). */
const isLast = (decision: RouteDecision): boolean => decision.action === 'refuse' && decision.unread;

const json = ({ request, response, requestId, body }: Exchange, decision: RouteDecision, value: unknown, cacheControl: string): Outcome => {
  const text = JSON.stringify(value);
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': cacheControl,
    [requestIdHeader]: requestId,
    ...(isLast(decision) ? { connection: 'close' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : text);
  if (!isLast(decision)) body.discard();
  return { outcome: 'own_path', decision };
};

const problem = ({ response, requestId, body }: Exchange, decision: RouteDecision, error: AppError, status?: number): Outcome => {
  const unread = isLast(decision);
  answerProblem(response, { error, requestId, status, close: unread, unread });
  if (!unread) body.discard();
  return { outcome: error.code, decision };
};
