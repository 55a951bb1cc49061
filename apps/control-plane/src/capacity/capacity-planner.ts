import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { CapacityPolicySchema, regionFactsOf, type CapacityPolicy, type RegionFacts, type StampSpec } from '@lapidary/contracts/stamp-spec';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Reader, type Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { newId } from '@lapidary/kernel/ids';
import type { DataSource } from 'typeorm';
import { systemContext } from '../http/command-context.js';
import type { ProvisionCommandDeps } from '../provisioning/provision-command.js';
import { provisionStamp } from '../provisioning/provision-command.js';
import { loadRegionsFile } from '../regions/load-regions.js';
import { findStamp } from '../stamps/stamp-store.js';
import type { CostBook } from './cost-book.js';
import { decide, type Decided } from './decide.js';
import { recordDecision } from './decision-rows.js';
import type { CapacityFacts, Isolation, MonthlyCost } from './facts.js';
import { nextNames, planNextStamp, type PlannedStamp } from './next-stamp.js';
import { readStoredFacts, type StoredFacts } from './read-facts.js';

export interface CapacityPlannerDeps {
  readonly config: ControlPlaneConfig;
  readonly dataSource: DataSource;
  readonly costs: CostBook;
  /** What accepting a provision needs. */
  readonly provision: () => ProvisionCommandDeps;
}

export interface Outlook extends Decided {
  readonly policy: CapacityPolicy;
  readonly next: Readonly<Record<Isolation, PlannedStamp | null>>;
}

/** Puts the facts together, decides, and does what was decided. The rules are in decide.ts. */
export class CapacityPlanner {
  constructor(private readonly deps: CapacityPlannerDeps) {}

  get region(): string {
    return this.deps.config.LAPIDARY_REGION;
  }

  /** As the file says now: a changed policy holds from the next look on, without a restart. */
  private async present(): Promise<{ readonly policy: CapacityPolicy; readonly facts: RegionFacts }> {
    const { regions } = await loadRegionsFile(this.deps.config.LAPIDARY_STAMPS_DIR, this.region);
    const region = regions[this.region]!;
    return { policy: region.capacityPolicy ?? CapacityPolicySchema.parse({}), facts: regionFactsOf(region) };
  }

  /** What would be decided at this moment; nothing is written. */
  async outlook(signal: AbortSignal): Promise<Outlook> {
    const { config, dataSource } = this.deps;
    const { policy, facts } = await this.present();
    const stored = await readStoredFacts(dataSource, this.region, policy.windowDays);
    const names = nextNames(this.region, stored.stamps, stored.lastBuild);
    const next = {
      pooled: await planNextStamp(dataSource, config, names, stored.stamps, 'pooled'),
      dedicated: await planNextStamp(dataSource, config, names, stored.stamps, 'dedicated'),
    };
    const cost = policy.monthlyCostUsdMax === undefined ? null : await this.costOf(dataSource, facts, next, signal);
    return { ...decide(factsOf(stored, next, cost), policy), policy, next };
  }

  /**
   * One look: decides, and records it; a build is accepted in the same transaction, so it happens once or not at all. Two
   * leaders for a moment choose the same name, and the second one's job is refused.
   */
  async look(signal: AbortSignal): Promise<Decided | undefined> {
    const { policy, verdict, figures, next } = await this.outlook(signal);
    if (policy.mode === 'off') return undefined;
    const { region } = this;
    await inTransaction(this.deps.dataSource, async (tx) => {
      const context = { ...systemContext(region, 'capacity', newId()), reason: verdict.reason };
      const request = verdict.isolation === 'dedicated' ? { isolation: verdict.isolation } : {};
      const build = verdict.action === 'build' && verdict.stamp !== null ? verdict.stamp : null;
      if (build !== null && next[verdict.isolation ?? 'pooled']?.isRetry === false) await refuseKnown(tx, build);
      const job = build === null ? null : await provisionStamp(tx, context, this.deps.provision(), build, request);
      await recordDecision(tx, { region, mode: policy.mode, verdict, figures, job: job?.id ?? null });
    });
    return { verdict, figures };
  }

  private async costOf(reader: Reader, region: RegionFacts, next: Outlook['next'], signal: AbortSignal): Promise<MonthlyCost> {
    const { costs } = this.deps;
    const present = await rowsOf<{ spec: StampSpec }>(reader, `SELECT spec FROM stamp WHERE region = $1 AND status <> 'retired'`, [
      this.region,
    ]);
    const nextUsd = async (planned: PlannedStamp | null): Promise<number | null> =>
      planned === null ? null : planned.isRetry ? 0 : await costs.monthlyUsd(planned.input.spec, region, signal);
    return {
      nowUsd: await costs.sumUsd(
        present.map((row) => row.spec),
        region,
        signal,
      ),
      nextUsd: { pooled: await nextUsd(next.pooled), dedicated: await nextUsd(next.dedicated) },
    };
  }
}

/** Somebody gave the name away since the facts were read; else a build would become a change of their stamp. */
const refuseKnown = async (tx: Tx, name: string): Promise<void> => {
  if (await findStamp(tx, name)) throw new AppError('version_conflict', `${name} is there by now; the next look takes another name`);
};

const factsOf = (stored: StoredFacts, next: Outlook['next'], cost: MonthlyCost | null): CapacityFacts => {
  const told = (planned: PlannedStamp | null) =>
    planned && { name: planned.name, capacityUnits: planned.input.spec.capacity.units, isRetry: planned.isRetry };
  return { ...stored, next: { pooled: told(next.pooled), dedicated: told(next.dedicated) }, cost };
};
