import { Module } from '@nestjs/common';
import { OutboxModule } from '../outbox/outbox.module.js';
import { HealthWorker } from './health-worker.js';
import { ObservationsController } from './observations.controller.js';

@Module({ imports: [OutboxModule], controllers: [ObservationsController], providers: [HealthWorker] })
export class HealthModule {}
