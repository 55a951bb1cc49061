import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { DatabaseTrouble } from './database-trouble.js';
import type { ControlPlaneMetrics } from './metrics.js';
import { Readiness } from './readiness.js';
import { METRICS } from './tokens.js';

/** One row's write; an idle region would else find out by the first command. */
const probeMs = 5_000;

/** Tries every few seconds whether the database takes writes, and says so where it is there and refuses: reads go on, so the process stays ready. */
@Injectable()
export class DatabaseWatch implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private probing = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly trouble: DatabaseTrouble,
    @Inject(METRICS) private readonly metrics: ControlPlaneMetrics,
    readiness: Readiness,
  ) {
    readiness.registerFlaws('database', async () => {
      const now = this.trouble.now;
      return Promise.resolve(now === null ? [] : [`the database refuses since ${now.since.toISOString()}: ${now.because}`]);
    });
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.probe(), probeMs);
  }

  beforeApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private async probe(): Promise<void> {
    if (this.probing) return;
    this.probing = true;
    try {
      await this.dataSource.query(
        'INSERT INTO database_probe (written_at) VALUES (now()) ON CONFLICT (is_it) DO UPDATE SET written_at = excluded.written_at',
      );
      this.trouble.wrote();
    } catch {
      // A refusal was noted where it came in; of a database that is away readiness tells.
    } finally {
      this.probing = false;
      this.metrics.lapidary_database_blocked.set(this.trouble.now === null ? 0 : 1);
    }
  }
}
