import { Controller, Get, Inject } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { StorefrontConfig } from '@lapidary/config/storefront';
import { AppError } from '@lapidary/kernel/app-error';
import type { TenantContext } from '@lapidary/stamp-sdk/tenant-context';
import { Tenant } from './http/tenant.decorator.js';
import { CONFIG } from './process/tokens.js';

/** A database that needs longer for nothing at all is as good as away. */
const databaseAnswerMs = 1_000;

@Controller()
export class HealthController {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CONFIG) private readonly config: StorefrontConfig,
  ) {}

  /** The agent asks here; needs no tenant. */
  @Get('healthz')
  async health() {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new AppError('not_ready', 'The database does not answer')), databaseAnswerMs);
    });
    try {
      await Promise.race([this.dataSource.query('SELECT 1'), late]);
    } catch (error) {
      throw new AppError('not_ready', 'The database does not answer', { cause: error, retryAfterSeconds: 1 });
    } finally {
      clearTimeout(timer);
    }
    return { status: 'ok', stamp: this.config.LAPIDARY_STAMP, version: this.config.LAPIDARY_WORKLOAD_VERSION };
  }

  @Get('api/whoami')
  whoAmI(@Tenant() { tenant, epoch }: TenantContext) {
    return { tenant, epoch, stamp: this.config.LAPIDARY_STAMP, version: this.config.LAPIDARY_WORKLOAD_VERSION };
  }
}
