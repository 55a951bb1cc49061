import type { IdentificationOf } from '../identification/identification.js';
import { decide, type ForwardDecision, type RefuseDecision, type RouteDecision } from '../pipeline/decide.js';
import type { VersionedDirectory } from '../pipeline/locate.js';
import type { TokenFacts } from '../pipeline/identify.js';
import type { RouterPlace } from '../pipeline/reside.js';
import type { Refused } from '../traffic-policy/traffic-policy.js';
import { HostTable } from './host-table.js';
import { speakTo, type LaneFinder } from './lanes.js';
import { inOnePiece, routeText } from './request-text.js';

export interface Route {
  readonly decision: ForwardDecision;
  /** What the stamp is told of it (routeText). */
  readonly text: string;
  /** Whether the fast path can speak to all front doors of its stamp. */
  readonly isSpoken: boolean;
}

/**
 * A request under way can't be handed over to the general path. Where only that one speaks to what its route leads to by now, its client is
 * asked to come again: then it goes there from its beginning, on the same connection. It says nothing of a front door.
 */
export const unspoken: Refused = {
  kind: 'refused',
  code: 'stamp_unavailable',
  reason: 'the way to the stamp has changed while the request was under way',
  retryAfterSeconds: 1,
  headers: {},
};

export const decisionOf = (route: Route | RefuseDecision): RouteDecision => ('decision' in route ? route.decision : route);

interface Kept extends Route {
  /** Of its tenant, in the directory; and what its version was there. */
  readonly place: number;
  readonly version: number;
}

/** Hosts that are asked for at a time; more means that somebody tries names, and starting anew costs microseconds per host. */
const hostsMax = 65_536;

/** What a route is decided by. */
interface Asked {
  readonly method: string;
  /** The Host header as it came. */
  readonly host: string;
  /** hostHash of it. */
  readonly hostHash: number;
  readonly target: string;
  /** Then the host alone says nothing. */
  readonly mayBeOwnPath: boolean;
  readonly tenantHeaders: readonly string[];
  /** Not by the usual order: then the host alone says nothing. */
  readonly isRuled: boolean;
  readonly token: TokenFacts | undefined;
}

interface DecidedBy {
  readonly baseDomain: string;
  readonly place: RouterPlace;
  readonly directory: VersionedDirectory;
  readonly identification?: (() => Pick<IdentificationOf, 'rules'> | undefined) | undefined;
}

/**
 * `decide` with its answer kept per host, for as long as nothing of its tenant, stamps or hosts changes in the directory. Only what depends on the host alone
 * is kept: a tenant found by header or path, and every refusal, is decided each time.
 */
export class RouteCache {
  private readonly routes = new HostTable<Kept>();

  constructor(
    private readonly by: DecidedBy,
    private readonly lanes: LaneFinder,
  ) {}

  route(asked: Asked): Route | RefuseDecision {
    const byHostAlone = !asked.isRuled && asked.tenantHeaders.length === 0 && !asked.mayBeOwnPath;
    if (byHostAlone) {
      const kept = this.routes.get(asked.host, asked.hostHash);
      if (kept !== undefined && kept.version === this.by.directory.versionAt(kept.place)) return kept;
    }
    return this.decide(asked, byHostAlone);
  }

  private decide(asked: Asked, byHostAlone: boolean): Route | RefuseDecision {
    const { method, host, target, tenantHeaders, isRuled, token } = asked;
    const { baseDomain, directory, place, identification } = this.by;
    const { version } = directory;
    // What is kept must not hold on to the whole head that it is a part of.
    const own = byHostAlone ? inOnePiece(host) : host;
    const address = { host: own, tenantHeaders, path: target, ...(token ? { token } : {}) };
    const identifyRules = isRuled ? identification?.()?.rules : undefined;
    const decision = decide({ address, problem: null, method, baseDomain, place, directory, identifyRules });
    if (decision.action === 'refuse') return decision;
    const route = { decision, text: routeText(decision, own), isSpoken: speakTo(this.lanes, decision.routes.stamp) };
    if (byHostAlone && decision.prefix === '') this.keep(own, asked.hostHash, route, version);
    return route;
  }

  /** `decidedAt`: the directory's version before it was decided. */
  private keep(host: string, hash: number, route: Route, decidedAt: number): void {
    const { directory } = this.by;
    const place = directory.placeOf(route.decision.tenant);
    const version = directory.versionAt(place);
    // Another thread has changed something meanwhile: the place's version may be newer than the decision.
    if (directory.version !== decidedAt) return;
    if (this.routes.size >= hostsMax) this.routes.clear();
    this.routes.set(host, hash, { ...route, place, version });
  }
}
