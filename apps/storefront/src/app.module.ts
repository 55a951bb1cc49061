import { Module, type DynamicModule } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { StorefrontConfig } from '@lapidary/config/storefront';
import { HealthController } from './health.controller.js';
import { InventoryController } from './inventory/inventory.controller.js';
import { OrdersController } from './orders/orders.controller.js';
import { CONFIG } from './process/tokens.js';
import { ProfilesController } from './profiles/profiles.controller.js';

@Module({})
export class AppModule {
  static of(config: StorefrontConfig, dataSource: DataSource): DynamicModule {
    return {
      module: AppModule,
      controllers: [HealthController, OrdersController, InventoryController, ProfilesController],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: DataSource, useValue: dataSource },
      ],
    };
  }
}
