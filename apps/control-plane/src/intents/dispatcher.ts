import { IntentReplySchema, type IntentRequest } from '@lapidary/contracts/intent-protocol';
import { apiIntents } from '@lapidary/contracts/subjects';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { Wakeup } from '@lapidary/kernel/wakeup';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { Logger } from '@lapidary/telemetry/logger';
import type { MetricsOf } from '@lapidary/telemetry/metrics';
import type { DataSource } from 'typeorm';
import { unreachableAfterMs } from '../replication/api-forward.js';
import type { intentMetrics } from './metrics.js';
import { noteFailure, prepareToSend, takeReply } from './send-intent.js';

/** What a lost notification costs at most, and how exactly the time of what was never sent runs out. */
const tickMs = 1_000;
/** A queue of a day drains in seconds, and the owner's API has its bulkhead for others too. */
const atOnce = 8;

export interface DispatcherOptions {
  readonly region: string;
  readonly peer: string;
  readonly link: NatsLink;
  readonly dataSource: DataSource;
  readonly logger: Logger;
  readonly metrics: MetricsOf<typeof intentMetrics>;
}

/** Sends the intents for one region, the oldest of each subject first (IN5), until the owner has decided on each. */
export class IntentDispatcher {
  private readonly wakeup = new Wakeup();
  private fresh = false;

  constructor(private readonly options: DispatcherOptions) {}

  wake(): void {
    this.wakeup.wake();
  }

  /** The link is back: nobody's pause matters any more. */
  reconnected(): void {
    this.fresh = true;
    this.wake();
  }

  async lead(signal: AbortSignal): Promise<void> {
    const { logger, peer } = this.options;
    while (!signal.aborted) {
      try {
        while (!signal.aborted && (await this.pass()) > 0);
      } catch (error) {
        logger.warn({ err: error, peer }, 'the queue of intents could not be worked on; trying again');
      }
      await this.wakeup.wait(tickMs, signal);
    }
  }

  /** Returns how many ended: then there may be more to send. */
  private async pass(): Promise<number> {
    const { dataSource, peer, link } = this.options;
    if (this.fresh) {
      this.fresh = false;
      await dataSource.query('UPDATE intent SET next_attempt_at = now() WHERE owner = $1 AND settled_at IS NULL', [peer]);
    }
    const due = await rowsOf<{ id: string }>(
      dataSource,
      `SELECT id FROM (
         SELECT DISTINCT ON (subject) id, state, expires_at, next_attempt_at FROM intent
          WHERE owner = $1 AND settled_at IS NULL ORDER BY subject, id) first
        WHERE CASE WHEN $2 THEN next_attempt_at <= now() ELSE state = 'queued' AND expires_at < now() END ORDER BY id`,
      [peer, link.isConnected],
    );
    let ended = 0;
    const queue = [...due];
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift()) if (await this.one(next.id)) ended += 1;
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, due.length) }, work));
    return ended;
  }

  private async one(id: string): Promise<boolean> {
    const { dataSource, region } = this.options;
    const prepared = await inTransaction(dataSource, async (tx) => prepareToSend(tx, region, id));
    if (prepared === null) return false;
    if (typeof prepared === 'string') return this.ended(prepared);
    const state = await this.send(id, prepared);
    return state !== null && this.ended(state);
  }

  private async send(id: string, request: IntentRequest): Promise<string | null> {
    const { dataSource, link, peer, region } = this.options;
    try {
      const reply = await link.requestJson(apiIntents(peer, region), request, IntentReplySchema, unreachableAfterMs);
      return await inTransaction(dataSource, async (tx) => takeReply(tx, region, id, reply));
    } catch (error) {
      // Sent or not, done or not: the next answer of the owner tells.
      await noteFailure(dataSource, id, error instanceof Error ? error.message : String(error));
      return null;
    }
  }

  private ended(state: string): true {
    this.options.metrics.lapidary_intents_settled_total.inc({ owner: this.options.peer, state });
    return true;
  }
}
