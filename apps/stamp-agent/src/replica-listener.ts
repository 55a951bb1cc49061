import { ReplicaQuestionSchema } from '@lapidary/contracts/route-replica';
import { agentReplica } from '@lapidary/contracts/subjects';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { answerReplica, type RouteReplica } from '@lapidary/stamp-sdk/route-replica/answer-replica';
import type { Holder } from './holder.js';

export interface ReplicaListenerOptions {
  readonly link: NatsLink;
  readonly region: string;
  readonly stamp: string;
  readonly holder: Holder;
  /** Compares everything held with the control plane's list. */
  readonly refresh: () => Promise<void>;
}

/** Tells the control plane what the stamp holds, when it looks for drift. Not while fenced: the stamp's present process answers. */
export class ReplicaListener {
  private unsubscribe: (() => void) | null = null;

  constructor(private readonly options: ReplicaListenerOptions) {}

  start(): void {
    const { link, region, stamp, holder, refresh } = this.options;
    const replica: RouteReplica = {
      position: () => ({ generation: null, cursor: holder.asOf }),
      marks: () => holder.marks(),
      refresh,
    };
    this.unsubscribe ??= link.serveJson(agentReplica(region, stamp), ReplicaQuestionSchema, (q) => answerReplica(replica, q));
  }

  stop(): void {
    this.unsubscribe?.();
    this.unsubscribe = null;
  }
}
