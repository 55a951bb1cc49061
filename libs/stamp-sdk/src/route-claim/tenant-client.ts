import { RouteGrantSchema, routeClaimHeader, routeGrantPath } from '@lapidary/contracts/route-claim';
import { errorHeader } from '@lapidary/contracts/workload';
import { mayRepeat, neverArrived } from './attempt-effect.js';
import {
  afterFailedGrant,
  afterGrant,
  afterRefusal,
  afterUnreachable,
  nothing,
  phaseOf,
  type DirectWay,
  type GrantMemory,
} from './grant-memory.js';

export interface TenantClientOptions {
  /** Where a router takes requests for this tenant: https://acme.example.com, or https://router.example.com/t/acme. */
  readonly routerUrl: string;
  /** Sent with every request to a router: `x-tenant` where the host doesn't tell. */
  readonly routerHeaders?: Readonly<Record<string, string>>;
  /** Monotonic milliseconds. */
  readonly nowMs?: () => number;
  readonly random?: () => number;
}

/** A router answers within milliseconds; while it doesn't, calls go through it anyway. */
const grantTimeoutMs = 3_000;

/**
 * Calls a tenant's stamp without a router on the way (P-ST7, token-encoded): fetches a claim, keeps it, sends calls to the stamp's own door
 * with it, and gets another one when it ages or the stamp says 421. Where that can't be, calls go through the router. One per tenant;
 * phases, events and invariants stand in grant-memory.ts. Throws what `fetch` throws.
 */
export class TenantClient {
  private memory: GrantMemory = nothing;
  private fetching: Promise<void> | null = null;
  private readonly nowMs: () => number;
  private readonly random: () => number;

  constructor(private readonly options: TenantClientOptions) {
    this.nowMs = options.nowMs ?? (() => performance.now());
    this.random = options.random ?? Math.random;
  }

  /** As the global fetch, for a path with query on the tenant's workload: "/api/orders?open=1". Redirects are the caller's to follow. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const way = await this.way();
    if (way === null) return this.viaRouter(path, init);
    const first = await this.direct(way, path, init);
    if (first !== 'refused') return first;
    if (!mayRepeat(init.body)) return this.refusedForGood();
    const other = await this.way();
    if (other === null) return this.viaRouter(path, init);
    const second = await this.direct(other, path, init);
    // Twice refused: the tenant is on its way. The router waits for it.
    return second === 'refused' ? this.viaRouter(path, init) : second;
  }

  /** The direct way to go now; null: through the router. */
  private async way(): Promise<DirectWay | null> {
    const phase = phaseOf(this.memory, this.nowMs());
    if (phase === 'ageing') void this.fetchGrant();
    if (phase === 'empty') await this.fetchGrant();
    // C1: what was waited for may have ended in the meantime.
    const after = phaseOf(this.memory, this.nowMs());
    return this.memory.kind === 'direct' && (after === 'direct' || after === 'ageing') ? this.memory.way : null;
  }

  /** C2: whoever needs a grant while one is being fetched waits for that one. */
  private fetchGrant(): Promise<void> {
    this.fetching ??= this.askRouter().finally(() => {
      this.fetching = null;
    });
    return this.fetching;
  }

  private async askRouter(): Promise<void> {
    const askedAtMs = this.nowMs();
    try {
      const answer = await this.viaRouter(routeGrantPath, { signal: AbortSignal.timeout(grantTimeoutMs) });
      if (!answer.ok) throw new Error(`the router answered ${answer.status}`);
      const { direct } = RouteGrantSchema.parse(await answer.json());
      this.memory = afterGrant(direct, askedAtMs, this.random());
    } catch {
      this.memory = afterFailedGrant(this.memory, this.nowMs(), this.random());
    }
  }

  private async direct(way: DirectWay, path: string, init: RequestInit): Promise<Response | 'refused'> {
    const headers = new Headers(init.headers);
    headers.set(routeClaimHeader, way.claim);
    let answer: Response;
    try {
      // A redirect would carry the claim to wherever it leads.
      answer = await fetch(new URL(path, way.url), { ...init, headers, redirect: 'manual' });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      const unsent = neverArrived(error);
      if (unsent) this.memory = afterUnreachable(this.memory, way, this.nowMs(), this.random());
      // C3: what may have arrived is repeated only where that does no harm.
      if (!mayRepeat(init.body) || !(unsent || isIdempotent(init.method))) throw error;
      return this.viaRouter(path, init);
    }
    if (answer.status !== 421 || answer.headers.get(errorHeader) !== 'misdirected') return answer;
    this.memory = afterRefusal(this.memory, way);
    await answer.body?.cancel();
    return 'refused';
  }

  /** The body is used up: nothing was done with it, and the caller has to send it again. */
  private refusedForGood(): Response {
    void this.fetchGrant();
    return new Response(null, { status: 421, headers: { [errorHeader]: 'misdirected' } });
  }

  private viaRouter(path: string, init: RequestInit): Promise<Response> {
    const { routerUrl, routerHeaders = {} } = this.options;
    const headers = new Headers(init.headers);
    for (const [name, value] of Object.entries(routerHeaders)) headers.set(name, value);
    return fetch(`${routerUrl.replace(/\/$/, '')}${path}`, { redirect: 'manual', ...init, headers });
  }
}

const idempotentMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
const isIdempotent = (method = 'GET'): boolean => idempotentMethods.has(method.toUpperCase());
