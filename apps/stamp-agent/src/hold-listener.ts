import { HoldCommandSchema, type HoldCommand, type HoldReply } from '@lapidary/contracts/agent-protocol';
import { agentHold } from '@lapidary/contracts/subjects';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { Holder } from './holder.js';
import type { Registration } from './registration.js';

export interface HoldListenerOptions {
  readonly link: NatsLink;
  readonly region: string;
  readonly stamp: string;
  readonly instanceId: string;
  readonly holder: Holder;
  readonly registration: Registration;
  /** A push that was older than what is known: one of both sides missed something. */
  readonly onStale: () => void;
}

/**
 * Takes pushed holds and drops, and answers with what is held afterwards. It listens from before the registration, so
 * that nothing is missed in between, but not while fenced: the first answer counts, and it must be the newer process's.
 */
export class HoldListener {
  private unsubscribe: (() => void) | null = null;

  constructor(private readonly options: HoldListenerOptions) {}

  start(): void {
    const { link, region, stamp } = this.options;
    this.unsubscribe ??= link.serveJson(agentHold(region, stamp), HoldCommandSchema, (command) => this.apply(command));
  }

  stop(): void {
    this.unsubscribe?.();
    this.unsubscribe = null;
  }

  private async apply(command: HoldCommand): Promise<HoldReply> {
    const { holder, registration, instanceId, onStale } = this.options;
    const outcome = await holder.applyHold(command);
    if (outcome === 'stale' && (holder.epochOf(command.tenant) !== 0) !== command.hold) onStale();
    return { ok: true, instanceId, stampEpoch: registration.accepted?.epoch ?? 0, epoch: holder.epochOf(command.tenant) };
  }
}
