import { checkTransitions } from '@lapidary/kernel/transition-table';
import { Module } from '@nestjs/common';
import { PendingSweeper } from './pending-sweeper.js';
import { ServingWait } from './serving-wait.js';
import { tenantTransitions } from './tenant-states.js';
import { SuspensionController } from './suspension.controller.js';
import { TenantsController } from './tenants.controller.js';

@Module({ controllers: [TenantsController, SuspensionController], providers: [ServingWait, PendingSweeper] })
export class TenantsModule {
  constructor() {
    checkTransitions(tenantTransitions);
  }
}
