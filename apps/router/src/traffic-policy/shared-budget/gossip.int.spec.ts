import { LimitsDocumentSchema } from '@lapidary/contracts/limits';
import { waitFor } from '@lapidary/kernel/wait-for';
import { NatsLink } from '@lapidary/messaging/nats-link';
import { createLogger } from '@lapidary/telemetry/logger';
import { freshRegion, testNats } from '@lapidary/testing/backends';
import { startCuttableLink, type CuttableLink } from '../../region.fixture.js';
import { stampRoute, tenantRoute } from '../../routes.fixture.js';
import { RouterPolicy } from '../router-policy.js';
import { Gossip } from './gossip.js';

const perSecond = 400;
const burst = 100;
const routers = 3;
const logger = createLogger('test', 'silent');
const document = LimitsDocumentSchema.parse({ tiers: { standard: { limits: [{ kind: 'token_bucket', perSecond, burst }] } } });
/** Steps in which load is offered; finer than anything that is measured. */
const stepMs = 5;

/** Three routers as they are, on one NATS server over a wire that can be cut; each admission is noted with its time. */
class Fleet {
  readonly admittedAtMs: number[] = [];
  private readonly policies: RouterPolicy[] = [];
  private readonly parts: { readonly link: NatsLink; readonly gossip: Gossip }[] = [];
  private readonly stamp = stampRoute();
  private readonly tenant = tenantRoute();

  private constructor(readonly wire: CuttableLink) {}

  static async start(): Promise<Fleet> {
    const fleet = new Fleet(await startCuttableLink(testNats().url));
    const region = freshRegion();
    for (let i = 0; i < routers; i += 1) {
      const policy = new RouterPolicy({ router: `r${i}` });
      policy.limitBy(document);
      const link = new NatsLink({ url: fleet.wire.url, name: `r${i}`, logger });
      fleet.policies.push(policy);
      fleet.parts.push({ link, gossip: new Gossip({ region, link, budget: policy.budget }) });
    }
    const isEven = (share: number): boolean => Math.abs(share - 1 / routers) < 1e-9;
    await waitFor('the routers to know of each other', () => fleet.shares.every(isEven) || undefined, {
      timeoutMs: 60_000,
      intervalMs: 20,
    });
    return fleet;
  }

  get shares(): number[] {
    return this.policies.map(({ budget }) => budget.scopes.tenant.shareOf('acme'));
  }

  /** Offers requests per second at each router, for so long. */
  async offer(rates: readonly number[], ms: number): Promise<void> {
    const startedMs = performance.now();
    const offered = rates.map(() => 0);
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        const nowMs = performance.now();
        rates.forEach((rate, i) => {
          for (; offered[i]! < ((nowMs - startedMs) * rate) / 1000; offered[i]! += 1) this.ask(i, nowMs);
        });
        if (nowMs - startedMs < ms) return;
        clearInterval(timer);
        resolve();
      }, stepMs);
    });
  }

  /** Most that was admitted beyond what one router would have, over any time within what was noted from `fromMs` on. */
  excess(fromMs = 0): number {
    const times = this.admittedAtMs.filter((t) => t >= fromMs);
    // For a token bucket the worst time is one between two admissions: a maximum of (count so far − rate × time) minus an earlier one.
    let least = Infinity;
    let worst = -Infinity;
    times.forEach((t, i) => {
      const level = i - (perSecond * t) / 1000;
      least = Math.min(least, level);
      worst = Math.max(worst, level + 1 - least);
    });
    return worst - burst;
  }

  rateSince(fromMs: number): number {
    return (this.admittedAtMs.filter((t) => t >= fromMs).length * 1000) / (performance.now() - fromMs);
  }

  async close(): Promise<void> {
    for (const { link, gossip } of this.parts) {
      gossip.stop();
      await link.close();
    }
    await this.wire.close();
  }

  private ask(i: number, nowMs: number): void {
    const policy = this.policies[i]!;
    if (policy.admit(this.tenant, this.stamp, nowMs) !== 'go') return;
    this.admittedAtMs.push(nowMs);
    policy.release(this.tenant, this.stamp);
  }
}

/**
 * A machine that stands still for longer than a share's burst lasts lets tokens go by unused: one stretch of time without that is enough,
 * and so many are looked at. The bound on what is admitted holds over all of them.
 */
const stretchesMax = 8;

/** Each router may always do one thing at a time; shares are not below 1/100 each. */
const allowed = routers + routers * 0.01 * burst;

/** In the first second and a half behind a move of all demand. Shares that stayed as they were would let a tenth through. */
const adaptedMin = 0.3 * perSecond;

describe('one budget over three routers (P-TH3)', () => {
  let fleet: Fleet;
  beforeEach(async () => {
    fleet = await Fleet.start();
  });
  afterEach(() => fleet.close());

  it('demand moves about between them: together they keep the bound of one, and use nearly all of it', async () => {
    await fleet.offer([500, 500, 500], 1_500);
    let adaptedTo = 0;
    let used = 0;
    for (let move = 0; move < stretchesMax && adaptedTo < adaptedMin; move += 1) {
      await fleet.offer([1_500, 0, 0], 1_500);
      const movedMs = performance.now();
      await fleet.offer([0, 200, 1_000], 1_500);
      adaptedTo = fleet.rateSince(movedMs);
    }
    for (let stretch = 0; stretch < stretchesMax && used < 0.85 * perSecond; stretch += 1) {
      const settledMs = performance.now();
      await fleet.offer([0, 200, 1_000], 1_500);
      used = fleet.rateSince(settledMs);
    }
    expect(fleet.excess()).toBeLessThanOrEqual(allowed);
    // A twentieth of the bound stays with the router that wants nothing, and is at hand when it does.
    expect(used).toBeGreaterThanOrEqual(0.85 * perSecond);
    expect(adaptedTo).toBeGreaterThanOrEqual(adaptedMin);
  });

  it('without NATS each keeps its last share: the bound holds, and nobody is shut out', async () => {
    await fleet.offer([1_000, 400, 0], 2_000);
    const before = fleet.shares;
    fleet.wire.cut();
    let used = 0;
    for (let stretch = 0; stretch < stretchesMax && used < 0.8 * perSecond; stretch += 1) {
      const cutMs = performance.now();
      await fleet.offer([1_000, 400, 50], 2_500);
      used = fleet.rateSince(cutMs);
    }
    expect(fleet.excess()).toBeLessThanOrEqual(allowed);
    expect(used).toBeGreaterThanOrEqual(0.8 * perSecond);
    fleet.shares.forEach((share, i) => expect(share).toBeLessThanOrEqual(before[i]! + 0.01));
    fleet.wire.mend();
    await waitFor('shares to follow demand again', async () => (await fleet.offer([0, 0, 500], 250), fleet.shares[2]! > 0.8 || undefined), {
      timeoutMs: 60_000,
      intervalMs: 1,
    });
    expect(fleet.excess()).toBeLessThanOrEqual(allowed);
  });
});
