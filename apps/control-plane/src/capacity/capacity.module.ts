import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { JobDefinitions } from '../jobs/job-definition.js';
import { JobQueue } from '../jobs/job-queue.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { CONFIG } from '../process/tokens.js';
import { PlannerProcess } from '../provisioning/planner-process.js';
import { provisionRunOf, synthRequestOf } from '../provisioning/provision-run.js';
import { ProvisioningModule } from '../provisioning/provisioning.module.js';
import { CapacityController } from './capacity.controller.js';
import { CapacityPlanner } from './capacity-planner.js';
import { CapacityWorker } from './capacity-worker.js';
import { CostBook } from './cost-book.js';

const planner = {
  provide: CapacityPlanner,
  inject: [CONFIG, DataSource, HybridLogicalClock, JobDefinitions, JobQueue, PlannerProcess],
  useFactory: (
    config: ControlPlaneConfig,
    dataSource: DataSource,
    clock: HybridLogicalClock,
    definitions: JobDefinitions,
    queue: JobQueue,
    renderer: PlannerProcess,
  ) =>
    new CapacityPlanner({
      config,
      dataSource,
      costs: new CostBook({
        synthesize: (request, signal) => renderer.synthesize(request, signal),
        requestOf: (spec, region) => synthRequestOf(provisionRunOf(config, spec, region)),
      }),
      provision: () => {
        const definition = definitions.find('provision');
        if (!definition) throw new Error('no definition of provision jobs');
        return { config, clock, queue, definition };
      },
    }),
};

@Module({ imports: [JobsModule, ProvisioningModule], controllers: [CapacityController], providers: [planner, CapacityWorker] })
export class CapacityModule {}
