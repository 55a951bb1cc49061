import { HoldReplySchema, type HoldCommand } from '@lapidary/contracts/agent-protocol';
import { agentHold } from '@lapidary/contracts/subjects';
import { rowsOf } from '@lapidary/db/rows';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { Logger } from '@lapidary/telemetry/logger';
import type { MetricsOf } from '@lapidary/telemetry/metrics';
import { confirmDropped, confirmServing, type ServingTools } from './confirm-serving.js';
import type { directoryMetrics } from './metrics.js';
import { toNumbered, type NumberedEntry } from './number-directory.js';
import { isRegionFenced } from '../fence/recovery-rows.js';

/** Commands on their way at once; each takes a database connection for a moment when it is answered. */
const inFlightMax = 64;
/** An agent answers from memory. */
const answerMs = 2_000;
/** Commands that wait here; what doesn't fit is found again by the retry. */
const queuedMax = 10_000;
export const retryMs = 2_000;
const retriedAtOnceMax = 512;
/** A stamp that has been silent for longer learns everything when it registers or syncs. */
const aliveWithinSeconds = 10;

export interface AgentPushOptions extends ServingTools {
  readonly nats: NatsLink;
  readonly logger: Logger;
  readonly metrics: MetricsOf<typeof directoryMetrics>;
}

interface Push {
  readonly stamp: string;
  readonly command: HoldCommand;
}

const pushKey = ({ stamp, command }: Push): string => `${stamp}/${command.tenant}`;

/**
 * Tells stamps at once what to hold and what to drop. It is the quick way; the sure way is the agents' own full resync,
 * so what is lost here is never lost for good. The newest command per stamp and tenant replaces one that still waits.
 */
export class AgentPush {
  private readonly waiting = new Map<string, Push>();
  private inFlight = 0;
  private stopped = false;

  constructor(private readonly options: AgentPushOptions) {}

  /** Returns at once. */
  enqueue(entries: readonly NumberedEntry[]): void {
    for (const entry of entries) for (const push of pushesOf(entry)) this.offer(push);
    this.pump();
  }

  /** Once a period, by the leader: placements that no stamp has confirmed, and previous stamps that have not let go. */
  async retry(): Promise<void> {
    if (await isRegionFenced(this.options.dataSource)) return;
    const rows = await rowsOf<Parameters<typeof toNumbered>[0]>(
      this.options.dataSource,
      `SELECT d.key, d.cursor, d.body, d.stamp, d.previous_stamp
       FROM placement p JOIN directory_entry d ON d.key = 'tenant/' || p.tenant AND d.stamp = p.stamp AND d.cursor IS NOT NULL
       JOIN stamp_observation o ON o.stamp = p.stamp AND o.last_heartbeat_at > now() - make_interval(secs => $2)
       WHERE p.is_current AND p.serving_at IS NULL
       UNION ALL
       SELECT d.key, d.cursor, d.body, NULL, d.previous_stamp
       FROM directory_entry d JOIN stamp_observation o ON o.stamp = d.previous_stamp AND o.last_heartbeat_at > now() - make_interval(secs => $2)
       WHERE d.previous_stamp IS NOT NULL AND d.cursor IS NOT NULL
       LIMIT $1`,
      [retriedAtOnceMax, aliveWithinSeconds],
    );
    this.enqueue(rows.map(toNumbered));
  }

  stop(): void {
    this.stopped = true;
    this.waiting.clear();
  }

  private offer(push: Push): void {
    const key = pushKey(push);
    const waiting = this.waiting.get(key);
    if (waiting && waiting.command.cursor > push.command.cursor) return;
    if (!waiting && this.waiting.size >= queuedMax) return;
    this.waiting.set(key, push);
  }

  private pump(): void {
    for (const [key, push] of this.waiting) {
      if (this.stopped || this.inFlight >= inFlightMax) return;
      this.waiting.delete(key);
      this.inFlight++;
      void this.send(push).finally(() => {
        this.inFlight--;
        this.pump();
      });
    }
  }

  private async send({ stamp, command }: Push): Promise<void> {
    const { nats, region, dataSource, metrics, logger } = this.options;
    try {
      const reply = await nats.requestJson(agentHold(region, stamp), command, HoldReplySchema, answerMs);
      if (command.hold && reply.epoch >= command.epoch) {
        const fact = { tenant: command.tenant, epoch: command.epoch, stamp, stampEpoch: reply.stampEpoch };
        const ms = await confirmServing(this.options, fact);
        if (ms !== null) metrics.lapidary_hold_seconds.observe(ms / 1000);
      } else if (!command.hold && reply.epoch === 0) await confirmDropped(dataSource, command.tenant, stamp);
      metrics.lapidary_hold_pushes_total.inc({ outcome: 'answered' });
    } catch (error) {
      metrics.lapidary_hold_pushes_total.inc({ outcome: 'unanswered' });
      logger.debug({ err: error, stamp, tenant: command.tenant }, 'a stamp did not answer to a hold command');
    }
  }
}

/** The stamp that must hold it hears of it, and the one that held it before. */
const pushesOf = ({ key, cursor, body, stamp, previousStamp }: NumberedEntry): Push[] => {
  if (body.kind !== 'tenant' || !key.startsWith('tenant/')) return [];
  const { tenant, epoch } = body;
  const pushes: Push[] = [];
  // An epoch below 1 has never been placed.
  if (stamp !== null && epoch >= 1) pushes.push({ stamp, command: { tenant, epoch, cursor, hold: true } });
  if (previousStamp !== null && previousStamp !== stamp)
    pushes.push({ stamp: previousStamp, command: { tenant, epoch: Math.max(1, epoch), cursor, hold: false } });
  return pushes;
};
