import { Module } from '@nestjs/common';
import { JobsModule } from '../jobs/jobs.module.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { ProvisioningModule } from '../provisioning/provisioning.module.js';
import { ReplicationModule } from '../replication/replication.module.js';
import { RegionApi } from './region-api.js';
import { RolloutWorker } from './rollout-worker.js';
import { RolloutsController } from './rollouts.controller.js';
import { StampChangeController } from './stamp-change.controller.js';
import { VersionsController } from './versions.controller.js';

@Module({
  imports: [OutboxModule, JobsModule, ProvisioningModule, ReplicationModule],
  controllers: [RolloutsController, StampChangeController, VersionsController],
  providers: [RegionApi, RolloutWorker],
})
export class RolloutsModule {}
