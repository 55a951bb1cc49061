import { decide, type ForwardDecision, type RefuseDecision } from '../pipeline/decide.js';
import type { DirectoryView } from '../pipeline/locate.js';
import type { RouterPlace } from '../pipeline/reside.js';
import { routeText } from './request-text.js';

export interface Route {
  readonly decision: ForwardDecision;
  /** What the stamp is told of it (routeText). */
  readonly text: string;
}

interface Kept extends Route {
  readonly version: number;
}

/** Hosts that are asked for at a time; more means that somebody tries names, and starting anew costs microseconds per host. */
const hostsMax = 65_536;

const noTenantHeaders: readonly string[] = [];

/**
 * `decide` with its answer kept per host, for as long as the directory doesn't change. Only what depends on the host alone
 * is kept: a tenant found by header or path, and every refusal, is decided each time.
 */
export class RouteCache {
  private readonly routes = new Map<string, Kept>();

  constructor(
    private readonly baseDomain: string,
    private readonly place: RouterPlace,
    private readonly directory: DirectoryView,
  ) {}

  /** `host`: the Host header as it came. */
  route(method: string, host: string, target: string, tenantHeaders: readonly string[] = noTenantHeaders): Route | RefuseDecision {
    // Underscores begin the platform's own paths, which are decided on by path.
    const byHostAlone = tenantHeaders.length === 0 && target.charCodeAt(1) !== 0x5f;
    const { version } = this.directory;
    if (byHostAlone) {
      const kept = this.routes.get(host);
      if (kept !== undefined && kept.version === version) return kept;
    }
    const { baseDomain, directory, place } = this;
    // What is kept must not hold on to the whole head that it is a part of.
    const own = Buffer.from(host, 'latin1').toString('latin1');
    const decision = decide({ address: { host: own, tenantHeaders, path: target }, problem: null, method, baseDomain, place, directory });
    if (decision.action === 'refuse') return decision;
    const route = { decision, text: routeText(decision, own), version };
    if (byHostAlone && decision.prefix === '') this.keep(own, route);
    return route;
  }

  private keep(host: string, route: Kept): void {
    if (this.routes.size >= hostsMax) this.routes.clear();
    this.routes.set(host, route);
  }
}
