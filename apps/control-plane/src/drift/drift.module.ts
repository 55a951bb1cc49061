import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { Module } from '@nestjs/common';
import { OutboxModule } from '../outbox/outbox.module.js';
import { CONFIG } from '../process/tokens.js';
import { PlannerProcess } from '../provisioning/planner-process.js';
import { ProvisioningModule } from '../provisioning/provisioning.module.js';
import { ReplicationModule } from '../replication/replication.module.js';
import { DriftWorker } from './drift-worker.js';
import { FindingsController } from './findings.controller.js';
import { PlantedStack } from './planted-stack.js';
import { DriftRunsController } from './runs.controller.js';
import { SuppressionsController } from './suppressions.controller.js';

const plantedStack = {
  provide: PlantedStack,
  inject: [CONFIG, PlannerProcess],
  useFactory: (config: ControlPlaneConfig, planner: PlannerProcess) => new PlantedStack({ config, planner }),
};

@Module({
  imports: [OutboxModule, ProvisioningModule, ReplicationModule],
  controllers: [FindingsController, SuppressionsController, DriftRunsController],
  providers: [plantedStack, DriftWorker],
})
export class DriftModule {}
