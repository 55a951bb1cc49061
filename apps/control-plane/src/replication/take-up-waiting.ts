import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import type { Logger } from '@lapidary/telemetry/logger';
import type { DataSource } from 'typeorm';
import { releaseHeld } from '../collections/release-held.js';
import type { ApplyTools } from './apply-tenant.js';
import { takeInHeld } from './ingest.js';
import { releaseKnown } from './release-known.js';
import { releaseWaiting } from './release-letters.js';

export interface WaitingTools {
  readonly dataSource: DataSource;
  readonly tools: ApplyTools;
  readonly onApplied: (events: readonly EventEnvelope[]) => void;
  readonly logger: Logger;
}

/**
 * Takes in what waited for something that has come: its time, a version of this code that knows it, the event before it. Each by itself: where
 * one fails, the others go on, and it is tried again in the next round. Throws nothing.
 */
export const takeUpWaiting = async ({ dataSource, tools, onApplied, logger }: WaitingTools): Promise<void> => {
  const attempt = async (failure: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      logger.warn({ err: error }, `${failure}; trying again`);
    }
  };
  await attempt('changes whose time has come could not be taken in', async () => {
    const { failed } = await releaseHeld(dataSource, async (tx, event) => takeInHeld(tx, event, tools));
    const [first] = failed;
    if (!first) return;
    const { error, event, origin } = first;
    logger.warn({ err: error, event, origin, failed: failed.length }, 'changes whose time has come could not be taken in; trying again');
  });
  await attempt('events of types that are known now could not be applied', async () => releaseKnown(dataSource, tools, onApplied));
  await attempt('events that wait for nothing any more could not be applied', async () => releaseWaiting(dataSource, tools, onApplied));
};
