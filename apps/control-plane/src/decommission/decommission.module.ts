import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { Inject, Module } from '@nestjs/common';
import { JobDefinitions } from '../jobs/job-definition.js';
import { JobWorker } from '../jobs/job-worker.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { CONFIG } from '../process/tokens.js';
import { decommissionDefinition } from './decommission-steps.js';
import { RetireController } from './retire.controller.js';

@Module({ imports: [JobsModule], controllers: [RetireController] })
export class DecommissionModule {
  constructor(definitions: JobDefinitions, worker: JobWorker, clock: HybridLogicalClock, @Inject(CONFIG) config: ControlPlaneConfig) {
    definitions.register(decommissionDefinition({ config, clock, reader: worker.dataSource }));
  }
}
