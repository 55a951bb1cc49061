import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { VersionSchema } from '@lapidary/contracts/api/system';
import { AppError } from '@lapidary/kernel/app-error';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { Controller, Get, Header, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { Public } from '../auth/role-guard.js';
import { ApiAnswers, NoOperation } from '../openapi/api-answers.js';
import type { ControlPlaneMetrics } from '../process/metrics.js';
import { Readiness } from '../process/readiness.js';
import { readVersion } from '../process/version.js';
import { CONFIG, METRICS, NATS } from '../process/tokens.js';

@Controller()
@Public()
export class SystemController {
  constructor(
    dataSource: DataSource,
    private readonly readiness: Readiness,
    @Inject(NATS) nats: NatsLink,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
    @Inject(METRICS) private readonly metrics: ControlPlaneMetrics,
  ) {
    readiness.register('database', async () => {
      await dataSource.query('SELECT 1');
      return null;
    });
    readiness.register('nats', () => (nats.isConnected ? null : 'no connection to this region’s event stream'));
  }

  @Get('v1/version')
  @ApiAnswers({ summary: 'Version of the geode that answers', tag: 'system', answers: { 200: VersionSchema } })
  version(): z.infer<typeof VersionSchema> {
    const { version, templateVersion } = readVersion(this.config.LAPIDARY_ROOT_DIR);
    return { version, region: this.config.LAPIDARY_REGION, api: 'v1', templateVersion, engine: this.config.LAPIDARY_ENGINE };
  }

  /** Alive: the process answers. A missing database is no reason to restart it. */
  @Get('healthz')
  @NoOperation()
  health(): { status: string } {
    return { status: 'ok' };
  }

  @Get('readyz')
  @NoOperation()
  async ready(): Promise<{ status: string; region: string; impaired?: string[] }> {
    const missing = await this.readiness.missing();
    const names = Object.keys(missing);
    if (names.length > 0) throw new AppError('not_ready', `Missing: ${names.join(', ')}`, { details: { missing }, retryAfterSeconds: 1 });
    const impaired = await this.readiness.impaired();
    return { status: 'ready', region: this.config.LAPIDARY_REGION, ...(impaired.length > 0 ? { impaired } : {}) };
  }

  @Get('metrics')
  @Header('cache-control', 'no-store')
  @NoOperation()
  async page(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    reply.type(this.metrics.registry.contentType);
    return await this.metrics.registry.metrics();
  }
}
