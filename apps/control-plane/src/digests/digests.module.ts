import { Module } from '@nestjs/common';
import { OutboxModule } from '../outbox/outbox.module.js';
import { DigestWorker } from './digest-worker.js';

@Module({ imports: [OutboxModule], providers: [DigestWorker] })
export class DigestsModule {}
