import { readdir } from 'node:fs/promises';
import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import type { Plans as PlansView, PlansRequest, ProvisionPlan } from '@lapidary/contracts/api/provisioning';
import type { ProvisionRequest } from '@lapidary/contracts/api/stamps';
import { rowsOf } from '@lapidary/db/rows';
import { toAppError } from '@lapidary/kernel/app-error';
import { regionOfStamp } from '@lapidary/kernel/names';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CONFIG } from '../process/tokens.js';
import { PlannerProcess } from './planner-process.js';
import { describePlan, planProvision } from './provision-command.js';
import { provisionRunOf } from './provision-run.js';

/** What provisioning would do. Nothing is written: no row, no state, no config. */
@Injectable()
export class Plans {
  constructor(
    private readonly dataSource: DataSource,
    private readonly planner: PlannerProcess,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  async plan(name: string, request: ProvisionRequest): Promise<ProvisionPlan> {
    const input = await planProvision(this.dataSource, this.config, name, request);
    const run = provisionRunOf(this.config, input.spec, input.regionFacts, input.templateVersion);
    const result = await this.planner.read({ ...run, operation: 'preview', approveReplace: input.approveReplace });
    return await describePlan(this.dataSource, input, result);
  }

  /** All at once: the planner works at them a few at a time. One that can't be planned does not hide the others. */
  async fleet({ stamps }: PlansRequest): Promise<PlansView> {
    const names = stamps ?? (await this.names());
    const items = await Promise.all(
      names.map(async (stamp) => {
        try {
          return { stamp, plan: withoutProperties(await this.plan(stamp, {})), problem: null };
        } catch (thrown) {
          const { code, message } = toAppError(thrown);
          return { stamp, plan: null, problem: { code, detail: message } };
        }
      }),
    );
    return { region: this.config.LAPIDARY_REGION, items };
  }

  /** Stamps of this region that are or, by a file of their own, should be. */
  private async names(): Promise<readonly string[]> {
    const own = this.config.LAPIDARY_REGION;
    const rows = await rowsOf<{ name: string; status: string }>(this.dataSource, 'SELECT name, status FROM stamp WHERE region = $1', [own]);
    const files = await readdir(this.config.LAPIDARY_STAMPS_DIR).catch(() => []);
    const described = files.flatMap((file) => (file.endsWith('.yaml') ? [file.slice(0, -'.yaml'.length)] : []));
    const retired = new Set(rows.flatMap(({ name, status }) => (status === 'retired' ? [name] : [])));
    const names = new Set([...rows.map(({ name }) => name), ...described.filter((name) => regionOfStamp(name) === own)]);
    return [...names].filter((name) => !retired.has(name)).sort(byNumber);
  }
}

/** Forty new stamps have megabytes of properties, more than one message between regions holds. */
const withoutProperties = (plan: ProvisionPlan): ProvisionPlan => ({
  ...plan,
  resources: plan.resources.map((change) => ({ ...change, diffs: [] })),
});

/** eu-2 before eu-10. */
const byNumber = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });
