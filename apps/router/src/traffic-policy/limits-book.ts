import { stampLimitsUsual, type LimitsDocument, type LimitSpec, type StampLimits } from '@lapidary/contracts/limits';
import { limitOf } from './limits/limit-kinds.js';
import type { Limit } from './limits/limit.js';

/** What the requests of one tenant at one stamp are given. */
export interface Patience {
  /** From the first byte of a request to the last of its answer. */
  readonly ms: number;
  /** A transfer that moves as much on average is given as long again. */
  readonly bytesPerSecondMin: number;
}

export interface TenantRule {
  readonly tier: string;
  readonly priority: number;
  readonly limits: readonly Limit[];
  readonly requestSecondsMax: number | undefined;
}

export interface StampRule extends Omit<StampLimits, 'limits'> {
  readonly limits: readonly Limit[];
}

const compile = (specs: readonly LimitSpec[]): readonly Limit[] => specs.map(limitOf);

/** A limits document, made ready to be asked on the hot path: what it says of whom is looked up, never worked out. */
export class LimitsBook {
  readonly global: readonly Limit[];
  /** No request is given less: on the hot path, who is given more need not be known. */
  readonly patienceMsMin: number;
  private readonly usual: TenantRule;
  private readonly usualStamp: StampRule;
  private readonly tenants = new Map<string, TenantRule>();
  private readonly stamps = new Map<string, StampRule>();

  constructor(readonly document: LimitsDocument) {
    const tiers = new Map<string, TenantRule>();
    for (const [tier, { priority, limits, requestSecondsMax }] of Object.entries(document.tiers)) {
      tiers.set(tier, { tier, priority, limits: compile(limits), requestSecondsMax });
    }
    // The schema has made sure of it.
    this.usual = tiers.get(document.defaultTier)!;
    for (const [tenant, own] of Object.entries(document.tenants)) {
      const tier = own.tier === undefined ? this.usual : tiers.get(own.tier)!;
      const limits = own.limits === undefined ? tier.limits : compile(own.limits);
      const requestSecondsMax = own.requestSecondsMax ?? tier.requestSecondsMax;
      this.tenants.set(tenant, { tier: tier.tier, priority: own.priority ?? tier.priority, limits, requestSecondsMax });
    }
    for (const stamp of Object.keys(document.stamps)) this.stamps.set(stamp, this.compileStamp(stamp));
    this.usualStamp = this.stamps.get('default') ?? this.compileStamp('default');
    this.global = compile(document.global.limits);
    const all = [this.usualStamp, ...this.stamps.values(), ...tiers.values(), ...this.tenants.values()];
    this.patienceMsMin = Math.min(...all.map(({ requestSecondsMax }) => (requestSecondsMax ?? Infinity) * 1000));
  }

  /** By the tenant's own word, its tier's, or the stamp's; before it is known whose a request is, by what is said of all stamps. */
  patienceOf(tenant: string | null, stamp: string | null): Patience {
    const { requestSecondsMax, transferBytesPerSecondMin } = this.stamp(stamp ?? 'default');
    const seconds = (tenant === null ? undefined : this.tenant(tenant).requestSecondsMax) ?? requestSecondsMax;
    return { ms: seconds * 1000, bytesPerSecondMin: transferBytesPerSecondMin };
  }

  tenant(id: string): TenantRule {
    return this.tenants.size === 0 ? this.usual : (this.tenants.get(id) ?? this.usual);
  }

  stamp(name: string): StampRule {
    return this.stamps.get(name) ?? this.usualStamp;
  }

  /** What is said of one stamp adds to, and goes before, what is said of all. */
  private compileStamp(stamp: string): StampRule {
    const { stamps } = this.document;
    const { limits, ...rest } = { ...stampLimitsUsual, ...stamps.default, ...stamps[stamp] };
    return { ...rest, limits: compile(limits) };
  }
}
