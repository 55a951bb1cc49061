import { setTimeout as sleep } from 'node:timers/promises';
import { SyncReplySchema } from '@lapidary/contracts/agent-protocol';
import { agentSync } from '@lapidary/contracts/subjects';
import { isAppError } from '@lapidary/kernel/app-error';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { Logger } from '@lapidary/telemetry/logger';
import type { Contact } from './contact.js';
import type { Holder } from './holder.js';
import type { Registration } from './registration.js';

const answerMs = 2_000;
/** However many requests miss at once: four questions a second from one stamp are nothing to a control plane. */
const betweenQuestionsMs = 250;
/** ± this share of the interval, so that the stamps of a region don't ask as one. */
const jitterShare = 0.2;
/** While unregistered there is nothing to compare; look again then. */
const unregisteredMs = 1_000;

export type SyncCause = 'interval' | 'reconnect' | 'miss' | 'stale-push' | 'drift';

export interface ResyncOptions {
  readonly link: NatsLink;
  readonly region: string;
  readonly stamp: string;
  readonly instanceId: string;
  readonly registration: Registration;
  readonly holder: Holder;
  readonly contact: Contact;
  readonly logger: Logger;
  readonly onSync: (cause: SyncCause, outcome: string) => void;
}

/** Compares everything held with the control plane's list: at intervals, after each reconnect, and when asked to (§8: level-triggered). */
export class Resync {
  private current: Promise<void> = Promise.resolve();
  private queued: Promise<void> | null = null;
  private lastAskedMs = -betweenQuestionsMs;
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private stopListening: () => void = () => undefined;

  constructor(private readonly options: ResyncOptions) {}

  start(): void {
    this.stopListening = this.options.link.onConnected(() => void this.ask('reconnect'));
    this.running = this.loop();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.stopListening();
    await this.running;
    await this.queued;
  }

  /**
   * Resolves when a question that was sent after this call has been answered, or has failed. Who asks while one is on its
   * way gets the next one: the answer on its way may be from before the placement that the asker heard of.
   */
  ask(cause: SyncCause): Promise<void> {
    this.queued ??= this.next(cause);
    return this.queued;
  }

  private async next(cause: SyncCause): Promise<void> {
    await this.current;
    await this.pause(this.lastAskedMs + betweenQuestionsMs - performance.now());
    this.queued = null;
    if (this.stopping.signal.aborted || this.options.registration.accepted === null) return;
    this.lastAskedMs = performance.now();
    this.current = this.question(cause);
    await this.current;
  }

  private async question(cause: SyncCause): Promise<void> {
    const { link, region, stamp, instanceId, registration, holder, contact } = this.options;
    const session = registration.accepted;
    if (session === null) return;
    const askedAt = contact.now();
    try {
      const outcome = await holder.ask(async (question) => {
        const request = { stamp, instanceId, epoch: session.epoch };
        const reply = await link.requestJson(agentSync(region), request, SyncReplySchema, answerMs);
        if (registration.accepted?.epoch !== session.epoch) return 'superseded';
        if (!reply.ok) {
          if (reply.code === 'fenced') registration.fence(session.epoch);
          return reply.code;
        }
        contact.answered(askedAt);
        return holder.applyAnswer(reply.holdings, question);
      });
      this.settle(cause, outcome);
    } catch (error) {
      this.settle(cause, isAppError(error) ? error.code : 'internal');
    }
  }

  private settle(cause: SyncCause, outcome: string): void {
    this.options.onSync(cause, outcome);
    this.options.logger.debug({ cause, outcome }, 'compared with the control plane');
  }

  private async loop(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      const session = this.options.registration.accepted;
      const interval = Math.min(session?.resyncMs ?? unregisteredMs, this.options.contact.compareEveryMs);
      await this.pause(interval * (1 + jitterShare * (2 * Math.random() - 1)));
      if (!this.stopping.signal.aborted) await this.ask('interval');
    }
  }

  private async pause(ms: number): Promise<void> {
    if (ms <= 0) return;
    await sleep(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}
