import { Module } from '@nestjs/common';
import { LimitsController } from './limits.controller.js';
import { LimitsWorker } from './limits-worker.js';

@Module({ controllers: [LimitsController], providers: [LimitsWorker] })
export class LimitsModule {}
