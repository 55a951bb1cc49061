import { peersOf, type ControlPlaneConfig } from '@lapidary/config/control-plane';
import { Leader } from '@lapidary/db/leader';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { keepRounds } from '@lapidary/kernel/rounds';
import type { Logger } from '@lapidary/telemetry/logger';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { BackgroundDatabase } from '../outbox/background-database.js';
import { givenUpLock } from '../outbox/leader-locks.js';
import { Readiness } from '../process/readiness.js';
import { CONFIG, LOGGER } from '../process/tokens.js';
import { givenUpStandings } from '../regions/given-up-rows.js';
import { AskOthers } from './ask-others.js';
import { retellLostPurges } from './lost-purges.js';
import { stepGivenUp } from './step-given-up.js';

/** A table that is nearly always empty is looked at. */
const roundMs = 1_000;

/** Agrees, or objects, to regions that were given up elsewhere, and takes over what they leave to this one. */
@Injectable()
export class GivenUpWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly leader: Leader;

  constructor(
    database: BackgroundDatabase,
    clock: HybridLogicalClock,
    others: AskOthers,
    readiness: Readiness,
    @Inject(CONFIG) config: ControlPlaneConfig,
    @Inject(LOGGER) parent: Logger,
  ) {
    const logger = parent.child({ part: 'given-up' });
    const { LAPIDARY_REGION: region, LAPIDARY_BASE_DOMAIN: baseDomain } = config;
    const toolsOf = () => ({ region, peers: peersOf(config), dataSource: database.dataSource, clock, baseDomain });
    // What was agreed to under a version that did not tell purges again, or was cut short, is told by whoever leads next.
    let looked = false;
    const round = async (): Promise<void> => {
      const tools = toolsOf();
      if (!looked) await retellLostPurges(tools);
      looked = true;
      while (await stepGivenUp({ ...tools, answers: async (lost) => others.answers(lost) }));
    };
    readiness.registerFlaws('given up', async () => {
      const standing = (await givenUpStandings(database.dataSource)).get(region);
      return standing
        ? [
            `this region was given up as lost for good by ${standing.by} in ${standing.declaredIn} at ${standing.at}: it writes nothing, and is to be stopped`,
          ]
        : [];
    });
    const onFailure = (error: unknown): void =>
      logger.warn({ err: error }, 'what a region left that was given up could not be looked after; trying again');
    this.leader = new Leader({
      url: config.LAPIDARY_DATABASE_URL,
      name: 'given-up',
      lockKey: givenUpLock,
      onError: (error) => logger.warn({ err: error }, 'the keeper of regions that were given up lost its database connection'),
      lead: async (signal) => keepRounds(signal, roundMs, round, onFailure),
    });
  }

  onApplicationBootstrap(): void {
    this.leader.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.leader.stop();
  }
}
