import { peersOf, type ControlPlaneConfig } from '@lapidary/config/control-plane';
import { Module } from '@nestjs/common';
import { CONFIG } from '../process/tokens.js';
import { BackgroundDatabase } from './background-database.js';
import { OutboxWorker } from './outbox-worker.js';

@Module({
  providers: [
    {
      provide: BackgroundDatabase,
      inject: [CONFIG],
      useFactory: async (config: ControlPlaneConfig) =>
        BackgroundDatabase.open(config.LAPIDARY_DATABASE_URL, config.LAPIDARY_REGION, peersOf(config)),
    },
    OutboxWorker,
  ],
  exports: [BackgroundDatabase],
})
export class OutboxModule {}
