import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import type { Logger } from '@lapidary/telemetry/logger';
import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { CONFIG, LOGGER } from '../process/tokens.js';
import { DeadLettersController } from './dead-letters.controller.js';
import { concurrencyOf } from './job-concurrency.js';
import { JobDefinitions } from './job-definition.js';
import { JobQueue } from './job-queue.js';
import { JobWatch } from './job-watch.js';
import { JobWorker } from './job-worker.js';
import { JobsController } from './jobs.controller.js';

@Module({
  imports: [AuthModule],
  controllers: [DeadLettersController, JobsController],
  providers: [
    JobDefinitions,
    JobWatch,
    JobWorker,
    {
      provide: JobQueue,
      inject: [CONFIG, LOGGER, JobDefinitions],
      useFactory: (config: ControlPlaneConfig, logger: Logger, definitions: JobDefinitions) =>
        new JobQueue({ url: config.LAPIDARY_DATABASE_URL, concurrencyOf: (kind) => concurrencyOf(config, kind), definitions, logger }),
    },
  ],
  exports: [JobDefinitions, JobQueue, JobWorker],
})
export class JobsModule {}
