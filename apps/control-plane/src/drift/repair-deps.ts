import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { DataSource } from 'typeorm';
import type { CollectionApplyTools } from '../collections/apply-collection.js';
import type { RouteRepairDeps } from './routes/repair-routes.js';

export interface RepairDeps {
  readonly region: string;
  readonly dataSource: DataSource;
  readonly tools: CollectionApplyTools;
  readonly links: ReadonlyMap<string, NatsLink>;
  /** Of this region's routers, agents and directory. */
  readonly routes: RouteRepairDeps;
}
