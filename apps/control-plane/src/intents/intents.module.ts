import { Module } from '@nestjs/common';
import { OutboxModule } from '../outbox/outbox.module.js';
import { ReplicationModule } from '../replication/replication.module.js';
import { IntentWorker } from './intent-worker.js';
import { IntentsController } from './intents.controller.js';

@Module({ imports: [OutboxModule, ReplicationModule], controllers: [IntentsController], providers: [IntentWorker] })
export class IntentsModule {}
