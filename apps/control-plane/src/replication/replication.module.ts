import { Module } from '@nestjs/common';
import { CollectionsModule } from '../collections/collections.module.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { ConflictsController } from './conflicts.controller.js';
import { DeadLettersController } from './dead-letters.controller.js';
import { GeodeController } from './geode.controller.js';
import { LookWorker } from './look-worker.js';
import { ReplicationTools } from './replication-tools.js';
import { ReplicationWorker } from './replication-worker.js';
import { ResidencyWorker } from './residency-worker.js';
import { RetentionWorker } from './retention-worker.js';
import { KeyFiles } from '../signatures/key-files.js';

@Module({
  imports: [OutboxModule, CollectionsModule],
  controllers: [DeadLettersController, ConflictsController, GeodeController],
  providers: [ReplicationTools, ReplicationWorker, ResidencyWorker, RetentionWorker, LookWorker, KeyFiles],
  exports: [ReplicationWorker, ReplicationTools],
})
export class ReplicationModule {}
