import { resolve } from 'node:path';
import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { Inject, Module } from '@nestjs/common';
import { JobDefinitions } from '../jobs/job-definition.js';
import { JobWorker } from '../jobs/job-worker.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { CONFIG } from '../process/tokens.js';
import { PlannerProcess } from './planner-process.js';
import { PlanController } from './plan.controller.js';
import { Plans } from './plans.js';
import { plannerScriptOf } from './provision-run.js';
import { provisionDefinition } from './provision-steps.js';
import { ProvisionController } from './provision.controller.js';

const planner = {
  provide: PlannerProcess,
  inject: [CONFIG],
  useFactory: (config: ControlPlaneConfig) =>
    new PlannerProcess({ script: plannerScriptOf(config), cwd: resolve(config.LAPIDARY_ROOT_DIR) }),
};

@Module({
  imports: [JobsModule],
  controllers: [ProvisionController, PlanController],
  providers: [planner, Plans],
  exports: [PlannerProcess, Plans],
})
export class ProvisioningModule {
  constructor(definitions: JobDefinitions, worker: JobWorker, clock: HybridLogicalClock, @Inject(CONFIG) config: ControlPlaneConfig) {
    definitions.register(provisionDefinition({ config, clock, reader: worker.dataSource }));
  }
}
