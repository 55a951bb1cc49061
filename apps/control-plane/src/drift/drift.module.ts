import { Module } from '@nestjs/common';
import { FindingsController } from './findings.controller.js';
import { DriftRunsController } from './runs.controller.js';
import { SuppressionsController } from './suppressions.controller.js';

@Module({ controllers: [FindingsController, SuppressionsController, DriftRunsController] })
export class DriftModule {}
