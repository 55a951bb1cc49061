import { Module } from '@nestjs/common';
import { OutboxModule } from '../outbox/outbox.module.js';
import { ReplicationModule } from '../replication/replication.module.js';
import { AskOthers } from './ask-others.js';
import { GivenUpController } from './given-up.controller.js';
import { GivenUpWorker } from './given-up-worker.js';

@Module({ imports: [OutboxModule, ReplicationModule], controllers: [GivenUpController], providers: [AskOthers, GivenUpWorker] })
export class GivenUpModule {}
