import { Module } from '@nestjs/common';
import { OutboxModule } from '../outbox/outbox.module.js';
import { ReplicationWorker } from './replication-worker.js';

@Module({ imports: [OutboxModule], providers: [ReplicationWorker] })
export class ReplicationModule {}
