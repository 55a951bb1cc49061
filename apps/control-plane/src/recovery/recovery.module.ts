import { Module } from '@nestjs/common';
import { CollectionsModule } from '../collections/collections.module.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { ReplicationModule } from '../replication/replication.module.js';
import { RecoveryController } from './recovery.controller.js';
import { RecoveryWorker } from './recovery-worker.js';

@Module({
  imports: [OutboxModule, CollectionsModule, ReplicationModule],
  controllers: [RecoveryController],
  providers: [RecoveryWorker],
})
export class RecoveryModule {}
