import type { RefuseDecision, RouteDecision } from './decide.js';
import type { DirectoryView } from './locate.js';

/** A change is there within 50 ms of its event; a wait is that much longer at most. */
const lookMs = 10;
/** Each may hold 64 KiB of its body and its connection; more is refused at once. */
const waitingMax = 1_024;
/** A tenant that asks without a pause while it is frozen leaves room for three more that are moved at the same time. */
const waitingOfTenantMax = waitingMax / 4;

/** A request whose tenant is frozen. */
export interface Frozen {
  /** Its tenant can be decided on anew, or it has waited long enough. */
  onThaw(): void;
}

/** Whose `over` is called when the request's time is over; returns what undoes that. */
interface Deadline {
  bind(over: () => void): () => void;
}

/** A client’s answer, which closes with its connection. */
interface Closable {
  once(event: 'close', listener: () => void): unknown;
  off(event: 'close', listener: () => void): unknown;
}

export const isFrozen = (decision: RouteDecision): decision is RefuseDecision =>
  decision.action === 'refuse' && decision.code === 'tenant_moving';

/**
 * Requests of tenants that are frozen, for the moment in which a move switches stamps: each waits, once and for a bounded time, so that
 * most clients see a slow answer in place of an error. What is decided then holds, be it a refusal.
 */
export class Thaw {
  private readonly waiting = new Map<Frozen, { readonly tenant: string; readonly untilMs: number }>();
  private readonly ofTenant = new Map<string, number>();
  private timer: NodeJS.Timeout | null = null;
  private seenVersion = -1;

  constructor(
    private readonly directory: DirectoryView,
    private readonly waitMs: number,
  ) {}

  get size(): number {
    return this.waiting.size;
  }

  /** false: it has to be refused now. */
  wait(who: Frozen, { tenant: frozen }: RefuseDecision, nowMs: number): boolean {
    const tenant = frozen ?? '';
    const others = this.ofTenant.get(tenant) ?? 0;
    if (this.waitMs === 0 || this.waiting.size >= waitingMax || others >= waitingOfTenantMax) return false;
    this.ofTenant.set(tenant, others + 1);
    this.waiting.set(who, { tenant, untilMs: nowMs + this.waitMs });
    this.timer ??= setInterval(() => this.look(performance.now()), lookMs);
    return true;
  }

  leave(who: Frozen): void {
    const left = this.waiting.get(who);
    if (left === undefined) return;
    this.waiting.delete(who);
    const others = this.ofTenant.get(left.tenant)! - 1;
    if (others > 0) this.ofTenant.set(left.tenant, others);
    else this.ofTenant.delete(left.tenant);
    if (this.waiting.size > 0 || this.timer === null) return;
    clearInterval(this.timer);
    this.timer = null;
  }

  /** For who can wait, until its time is over or its client is gone: the decision that holds then. */
  async decided(decide: () => RouteDecision, deadline: Deadline, client: Closable): Promise<RouteDecision> {
    const first = decide();
    if (!isFrozen(first)) return first;
    const waited = await new Promise<boolean>((resolve) => {
      let unbind = (): void => undefined;
      const over = (): void => {
        unbind();
        client.off('close', gone);
        resolve(true);
      };
      const who: Frozen = { onThaw: over };
      const gone = (): void => (this.leave(who), over());
      if (!this.wait(who, first, performance.now())) return resolve(false);
      client.once('close', gone);
      unbind = deadline.bind(gone);
    });
    return waited ? decide() : first;
  }

  private look(nowMs: number): void {
    const { version } = this.directory;
    const hasChanged = version !== this.seenVersion;
    this.seenVersion = version;
    for (const [who, { tenant, untilMs }] of this.waiting) {
      if (nowMs < untilMs && !(hasChanged && this.directory.tenant(tenant)?.frozen !== true)) continue;
      this.leave(who);
      who.onThaw();
    }
  }
}
