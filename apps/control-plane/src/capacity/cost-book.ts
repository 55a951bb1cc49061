import type { SynthRequest, Synthesis } from '@lapidary/contracts/planner-protocol';
import type { RegionFacts, StampSpec } from '@lapidary/contracts/stamp-spec';
import { digestOf } from '@lapidary/kernel/canonical-json';

export interface CostBookOptions {
  /** PlannerProcess.synthesize */
  readonly synthesize: (request: SynthRequest, signal?: AbortSignal) => Promise<Pick<Synthesis, 'monthlyCost'>>;
  readonly requestOf: (spec: StampSpec, region: RegionFacts) => SynthRequest;
}

/** What stamps are estimated to cost by month, by rendering their specs; each spec is asked for once. */
export class CostBook {
  private readonly known = new Map<string, number>();

  constructor(private readonly options: CostBookOptions) {}

  /** Null where it can't be told at the moment. What has no price at all (the local target) costs nothing. */
  async monthlyUsd(spec: StampSpec, region: RegionFacts, signal: AbortSignal): Promise<number | null> {
    const key = digestOf({ spec, region });
    const known = this.known.get(key);
    if (known !== undefined) return known;
    try {
      const { monthlyCost } = await this.options.synthesize(this.options.requestOf(spec, region), signal);
      const usd = monthlyCost?.usd ?? 0;
      this.known.set(key, usd);
      return usd;
    } catch {
      // The planner is busy or the spec can't be rendered; asked again at the next look.
      return null;
    }
  }

  /** The sum, or null as soon as one is not known: half a sum would look like a small one. */
  async sumUsd(specs: readonly StampSpec[], region: RegionFacts, signal: AbortSignal): Promise<number | null> {
    let sum = 0;
    for (const spec of specs) {
      const usd = await this.monthlyUsd(spec, region, signal);
      if (usd === null) return null;
      sum += usd;
    }
    return sum;
  }
}
