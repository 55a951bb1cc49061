import type { RouterConfig } from '@lapidary/config/router';
import type { StampRoute, TenantRoute } from '@lapidary/contracts/directory';
import type { Look } from '../observe/look.js';
import type { MetricPages, TrafficPorts } from '../takers.js';
import type { SharedPolicy } from '../traffic-policy/policy-part.js';
import type { Foreseen } from '../traffic-policy/traffic-policy.js';

/** What a worker thread is started with. */
export interface WorkerStart {
  readonly config: RouterConfig;
  /** Descriptor of the listening socket that is this worker's to close. */
  readonly httpFd: number;
  /** The same of TLS, where there are certificates. */
  readonly tlsFd: number | null;
  /** Who else may accept from these (open-sockets.ts). */
  readonly open: SharedArrayBuffer;
  /** Places and breakers that it keeps together with the other workers. */
  readonly shared: SharedPolicy;
  /** Where it says that its loop turns (heartbeats.ts). */
  readonly beats: SharedArrayBuffer;
  /** Memory of the directory; null where none is loaded yet. */
  readonly memory: SharedArrayBuffer | null;
}

/** What the main thread asks a worker, and what that answers. */
export interface Questions {
  readonly metrics: { readonly ask: null; readonly answer: MetricPages };
  readonly look: { readonly ask: null; readonly answer: Look };
  readonly foresee: { readonly ask: { readonly tenant: TenantRoute; readonly stamp: StampRoute }; readonly answer: Foreseen };
}

export type Question = keyof Questions;

export type ToWorker =
  /** Another table has taken the place of the one that is read. */
  | { readonly type: 'directory'; readonly memory: SharedArrayBuffer }
  | { readonly type: 'refreshed'; readonly id: number }
  | { [Q in Question]: { readonly type: Q; readonly id: number; readonly ask: Questions[Q]['ask'] } }[Question]
  | {
      readonly type: 'drain';
      readonly graceMs: number;
      /** Another process accepts from the same sockets. */
      readonly relieved: boolean;
    };

export type FromWorker =
  | { readonly type: 'listening'; readonly ports: TrafficPorts }
  | { readonly type: 'refresh'; readonly id: number; readonly tenant: string }
  | { readonly type: 'answer'; readonly id: number; readonly answer: unknown };
