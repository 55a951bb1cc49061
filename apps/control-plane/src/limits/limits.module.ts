import { Module } from '@nestjs/common';
import { LimitsController } from './limits.controller.js';
import { LimitsWorker } from './limits-worker.js';
import { TrafficBoard } from './traffic-board.js';
import { TrafficController } from './traffic.controller.js';

@Module({ controllers: [LimitsController, TrafficController], providers: [LimitsWorker, TrafficBoard] })
export class LimitsModule {}
