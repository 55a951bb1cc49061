import { createDataSource } from '@lapidary/db/data-source';
import type { OnRefusal } from '@lapidary/db/database-refusal';
import type { DataSource } from 'typeorm';

/** Numbering, publishing, answers to peers and heartbeats are short statements; callers queue here and not before the API (P-BH1). */
const poolSize = 8;
/** As many as are used at once where peers come back; a new one costs both sides the proof of a password, and the server all that it reads of the catalogue. */
const keptOpen = 4;
/** One for the transaction that takes in, and one for what the link asks and notes meanwhile. */
const perLink = 2;

/** Connections of the background work, apart from those of the API. */
export class BackgroundDatabase {
  private constructor(
    readonly dataSource: DataSource,
    /**
     * For taking in what peers tell, and nothing else. Whatever link comes back finds a connection here that has planned its statements: from
     * among those of all the background work it mostly got another one, or a new one, since much wakes at that moment.
     */
    readonly takingIn: DataSource,
  ) {}

  static async open(url: string, region: string, peers: readonly string[] = [], onRefusal?: OnRefusal): Promise<BackgroundDatabase> {
    const dataSource = createDataSource({ url, applicationName: `control-plane:${region}:background`, poolSize, keptOpen, onRefusal });
    const links = peers.length;
    const applicationName = `control-plane:${region}:taking-in`;
    const takingIn =
      links === 0 ? dataSource : createDataSource({ url, applicationName, poolSize: perLink * links, keptOpen: links, onRefusal });
    await Promise.all([...new Set([dataSource, takingIn])].map(async (one) => one.initialize()));
    return new BackgroundDatabase(dataSource, takingIn);
  }

  /** Called by Nest after all workers have stopped. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...new Set([this.dataSource, this.takingIn])].map(async (one) => one.destroy()));
  }
}
