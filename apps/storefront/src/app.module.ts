import { Module, type DynamicModule } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { StorefrontConfig } from '@lapidary/config/storefront';
import { WorkloadCredentials } from '@lapidary/stamp-sdk/collections/workload-credentials';
import { HealthController } from './health.controller.js';
import { InventoryController } from './inventory/inventory.controller.js';
import { OrdersController } from './orders/orders.controller.js';
import { CONFIG } from './process/tokens.js';
import { ProfilesController } from './profiles/profiles.controller.js';
import { CredentialsController } from './shared/credentials.controller.js';
import { SharedController } from './shared/shared.controller.js';

@Module({})
export class AppModule {
  static of(config: StorefrontConfig, dataSource: DataSource): DynamicModule {
    return {
      module: AppModule,
      controllers: [HealthController, OrdersController, InventoryController, ProfilesController, CredentialsController, SharedController],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: WorkloadCredentials, useValue: new WorkloadCredentials() },
        { provide: DataSource, useValue: dataSource },
      ],
    };
  }
}
