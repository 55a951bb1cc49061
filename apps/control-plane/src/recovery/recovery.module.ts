import { Module } from '@nestjs/common';
import { CollectionsModule } from '../collections/collections.module.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { ReplicationModule } from '../replication/replication.module.js';
import { RecoveryWorker } from './recovery-worker.js';

@Module({
  imports: [OutboxModule, CollectionsModule, ReplicationModule],
  providers: [RecoveryWorker],
})
export class RecoveryModule {}
