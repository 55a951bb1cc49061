import { createDataSource } from '@lapidary/db/data-source';
import type { DataSource } from 'typeorm';

/** Numbering, publishing, applying and heartbeats are short statements; callers queue here and not before the API (P-BH1). */
const poolSize = 8;
/**
 * As many as a link needs that has come back: an answer to the peer, an acknowledgement, the greeting and what is taken in. A new one costs
 * both sides the proof of a password, and the server all that it reads of the catalogue and plans anew, while others wait.
 */
const keptOpen = 4;

/** Connections of the background work, apart from those of the API. */
export class BackgroundDatabase {
  private constructor(readonly dataSource: DataSource) {}

  static async open(url: string, region: string): Promise<BackgroundDatabase> {
    const dataSource = createDataSource({ url, applicationName: `control-plane:${region}:background`, poolSize, keptOpen });
    await dataSource.initialize();
    return new BackgroundDatabase(dataSource);
  }

  /** Called by Nest after all workers have stopped. */
  async onApplicationShutdown(): Promise<void> {
    await this.dataSource.destroy();
  }
}
