import { Module } from '@nestjs/common';
import { CollectionsModule } from '../collections/collections.module.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { DigestWorker } from './digest-worker.js';

@Module({ imports: [OutboxModule, CollectionsModule], providers: [DigestWorker] })
export class DigestsModule {}
