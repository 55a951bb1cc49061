import { peersOf, type ControlPlaneConfig } from '@lapidary/config/control-plane';
import { Module } from '@nestjs/common';
import { DatabaseTrouble } from '../process/database-trouble.js';
import { CONFIG } from '../process/tokens.js';
import { BackgroundDatabase } from './background-database.js';
import { OutboxWorker } from './outbox-worker.js';

@Module({
  providers: [
    {
      provide: BackgroundDatabase,
      inject: [CONFIG, DatabaseTrouble],
      useFactory: async (config: ControlPlaneConfig, trouble: DatabaseTrouble) =>
        BackgroundDatabase.open(config.LAPIDARY_DATABASE_URL, config.LAPIDARY_REGION, peersOf(config), (because) => trouble.note(because)),
    },
    OutboxWorker,
  ],
  exports: [BackgroundDatabase],
})
export class OutboxModule {}
