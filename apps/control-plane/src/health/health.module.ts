import { Module } from '@nestjs/common';
import { OutboxModule } from '../outbox/outbox.module.js';
import { HealthWorker } from './health-worker.js';

@Module({ imports: [OutboxModule], providers: [HealthWorker] })
export class HealthModule {}
