import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { StandardSchemaValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { StorefrontConfig } from '@lapidary/config/storefront';
import { requestIdHeader } from '@lapidary/contracts/workload';
import { headBytesAtStampMax } from '@lapidary/stamp-sdk/forward/request-check';
import type { Logger } from '@lapidary/telemetry/logger';
import type { FastifyInstance } from 'fastify';
import { AppModule } from './app.module.js';
import { bodyBytesMax, fromIssues } from './http/translate-error.js';
import { ProblemFilter } from './http/problem-filter.js';
import { openDatabase } from './process/database.js';
import { Faults } from './process/faults.js';

export interface Shop {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts the shop: database first, then HTTP. `close` lets running requests finish. */
export const startShop = async (config: StorefrontConfig, logger: Logger, signal: AbortSignal): Promise<Shop> => {
  const dataSource = await openDatabase(config.LAPIDARY_DATABASE_URL, logger, signal);
  try {
    const adapter = new FastifyAdapter({
      bodyLimit: bodyBytesMax,
      http: { maxHeaderSize: headBytesAtStampMax },
      requestIdHeader,
      genReqId: () => randomUUID(),
      // Idle keep-alive connections of the agent end with the server; those at work are waited for.
      forceCloseConnections: 'idle',
    });
    const app = await NestFactory.create<NestFastifyApplication>(AppModule.of(config, dataSource), adapter, { logger: false });
    const { LAPIDARY_FAULTS_FILE: faultsFile, LAPIDARY_WORKLOAD_VERSION: version, LAPIDARY_STAMP: stamp } = config;
    if (faultsFile !== undefined)
      new Faults(faultsFile, version, stamp, logger).install(adapter.getInstance() as unknown as FastifyInstance);
    app.useGlobalPipes(new StandardSchemaValidationPipe({ exceptionFactory: fromIssues }));
    app.useGlobalFilters(new ProblemFilter(logger));
    await app.listen(config.LAPIDARY_HTTP_PORT, config.LAPIDARY_HTTP_HOST);
    return {
      url: await app.getUrl(),
      close: async () => {
        await app.close();
        await dataSource.destroy();
      },
    };
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
};
