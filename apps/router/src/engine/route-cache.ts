import type { IdentificationOf } from '../identification/identification.js';
import { decide, type ForwardDecision, type RefuseDecision, type RouteDecision } from '../pipeline/decide.js';
import type { DirectoryView, TenantGlance, VersionedDirectory } from '../pipeline/locate.js';
import type { StampRoute, TenantRoute } from '@lapidary/contracts/directory';
import type { TokenFacts } from '../pipeline/identify.js';
import type { RouterPlace } from '../pipeline/reside.js';
import type { Refused } from '../traffic-policy/traffic-policy.js';
import { HostTable, type AskedHost } from './host-table.js';
import { speakTo, type LaneFinder } from './lanes.js';
import { inOnePiece, routeText, routeTextAround, type RouteText } from './request-text.js';

export interface Route {
  readonly decision: ForwardDecision;
  /** What the stamp is told of it (routeText); "" where that is `around` with the epoch in it. */
  readonly text: string;
  readonly around: RouteText | null;
  /** Whether the fast path can speak to all front doors of its stamp. */
  readonly isSpoken: boolean;
  /** Exchanges that go by it (goBy): while there are any, it stays what it is. */
  users: number;
}

export const textOf = ({ text, around, decision }: Route): string =>
  around === null ? text : around.before + decision.epoch + around.after;

/** What an exchange goes by from now on, instead of what it went by. */
export const goBy = <R extends Route | RefuseDecision | null>(before: Route | RefuseDecision | null, next: R): R => {
  if (before !== null && 'decision' in before) before.users -= 1;
  if (next !== null && 'decision' in next) next.users += 1;
  return next;
};

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

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Kept extends Mutable<Route> {
  readonly decision: Mutable<ForwardDecision> & { readonly routes: { readonly tenant: Mutable<TenantRoute> } };
  /** Of its tenant, in the directory; and what its version was there when it was last seen to hold. */
  readonly place: number;
  version: number;
  readonly wide: number;
  /** What it was decided by. */
  readonly head: number;
  readonly home: number;
}

/** What is kept is not what is explained: that is decided anew. */
const noSteps: ForwardDecision['steps'] = [];

/** Hosts that are asked for at a time; more means that somebody tries names, and starting anew costs microseconds per host. */
const hostsMax = 65_536;

/** What a route is decided by. */
interface Asked extends AskedHost {
  readonly method: string;
  /** The Host header as it came. */
  readonly host: string;
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
 * The directory as a decision reads it, with a glance at the tenant's entry from before that was read. Another thread may change it in between: then what is kept was decided by the newer
 * entry and is compared by the older, so that it is decided again. The other way round, a new epoch would be written into a decision for the stamp of before.
 */
class GlancingView implements DirectoryView {
  readonly glance: TenantGlance = { head: 0, home: 0, epoch: 0 };

  constructor(private readonly directory: VersionedDirectory) {}

  get isLoaded(): boolean {
    return this.directory.isLoaded;
  }

  get mayLack(): boolean {
    return this.directory.mayLack;
  }

  get version(): number {
    return this.directory.version;
  }

  tenant(id: string): TenantRoute | undefined {
    // No entry has this head: it stands for none.
    if (!this.directory.glance(id, this.glance)) this.glance.head = 0;
    return this.directory.tenant(id);
  }

  stamp(name: string): StampRoute | undefined {
    return this.directory.stamp(name);
  }

  tenantOfHost(host: string): string | undefined {
    return this.directory.tenantOfHost(host);
  }
}

/**
 * `decide` with its answer kept per host, for as long as nothing of its tenant, stamps or hosts changes in the directory. Only what depends on the host alone
 * is kept: a tenant found by header or path, and every refusal, is decided each time.
 *
 * Where an entry has changed, but nothing that was decided by it, what is kept stands; a new epoch is written into it, unless somebody goes by it just now. Nothing is made by that which
 * would last: made anew with each change, what is kept of ten thousand tenants that change once a second was copied by each collection of the young generation, which took 14 to 24 ms then.
 */
export class RouteCache {
  private readonly routes = new HostTable<Kept>();
  private readonly glance: TenantGlance = { head: 0, home: 0, epoch: 0 };
  private readonly view: GlancingView;

  constructor(
    private readonly by: DecidedBy,
    private readonly lanes: LaneFinder,
  ) {
    this.view = new GlancingView(by.directory);
  }

  route(asked: Asked): Route | RefuseDecision {
    const byHostAlone = !asked.isRuled && asked.tenantHeaders.length === 0 && !asked.mayBeOwnPath;
    const kept = byHostAlone ? this.routes.get(asked) : undefined;
    if (kept !== undefined && this.holds(kept, asked)) return kept;
    return this.decide(asked, byHostAlone);
  }

  private holds(kept: Kept, asked: Asked): boolean {
    const { directory } = this.by;
    const { glance } = this;
    // Before the entry: what is read of it may be newer than the version says, never older.
    const version = directory.versionAt(kept.place);
    if (version === kept.version) return true;
    const { decision } = kept;
    if (directory.wideVersion !== kept.wide || !directory.glance(decision.tenant, glance)) return false;
    if (glance.head !== kept.head || glance.home !== kept.home) return false;
    if (glance.epoch !== decision.epoch) {
      if (kept.users > 0) return false;
      decision.epoch = glance.epoch;
      decision.routes.tenant.epoch = glance.epoch;
      kept.around ??= routeTextAround(decision, asked.host);
      kept.text = '';
    }
    kept.version = version;
    return true;
  }

  private decide(asked: Asked, byHostAlone: boolean): Route | RefuseDecision {
    const { method, host, target, tenantHeaders, isRuled, token } = asked;
    const { baseDomain, directory, place, identification } = this.by;
    const { version } = directory;
    // What is kept must not hold on to the whole head that it is a part of.
    const own = byHostAlone ? inOnePiece(host) : host;
    const address = { host: own, tenantHeaders, path: target, ...(token ? { token } : {}) };
    const identifyRules = isRuled ? identification?.()?.rules : undefined;
    const decision = decide({ address, problem: null, method, baseDomain, place, directory: this.view, identifyRules });
    if (decision.action === 'refuse') return decision;
    const text = routeText(decision, own);
    const isSpoken = speakTo(this.lanes, decision.routes.stamp);
    const route: Route = { decision, text, around: null, isSpoken, users: 0 };
    return (byHostAlone && decision.prefix === '' && this.keep(own, asked, route, version)) || route;
  }

  /** `decidedAt`: the directory's version before it was decided. null where it can't be kept. */
  private keep(host: string, asked: AskedHost, route: Route, decidedAt: number): Kept | null {
    const { directory } = this.by;
    const { tenant } = route.decision;
    const place = directory.placeOf(tenant);
    const version = directory.versionAt(place);
    const wide = directory.wideVersion;
    // Another thread has changed something meanwhile: the place's version may be newer than the decision.
    if (directory.version !== decidedAt) return null;
    const { head, home } = this.view.glance;
    if (this.routes.size >= hostsMax) this.routes.clear();
    const kept: Kept = { ...route, decision: { ...route.decision, steps: noSteps }, place, version, wide, head, home };
    this.routes.set(host, asked, kept);
    return kept;
  }
}
