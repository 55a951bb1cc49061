import { latencyBoundsMs, type Traffic as TrafficCounts } from '@lapidary/contracts/agent-protocol';
import type { ForwardResult } from '@lapidary/stamp-sdk/forward/forward-result';

/** Below it the workload has answered, whatever it thinks of the request. */
const serverErrorMin = 500;

/** What the front door has seen since this process started: what roll-outs judge a version by (P-ST8). */
export class Traffic {
  private requests = 0;
  private errors = 0;
  private readonly latency = Array.from({ length: latencyBoundsMs.length + 1 }, () => 0);

  /** A client that went away or stalled says nothing about the workload, and a tunnel's length is no latency. */
  count(result: ForwardResult): void {
    switch (result.kind) {
      case 'answered':
        this.requests += 1;
        if (result.status >= serverErrorMin) this.errors += 1;
        this.latency[bucketOf(result.headMs)]! += 1;
        return;
      case 'unreachable':
      case 'no_answer':
      case 'cut':
        this.requests += 1;
        this.errors += 1;
        return;
      default:
    }
  }

  snapshot(): TrafficCounts {
    return { requests: this.requests, errors: this.errors, latency: [...this.latency] };
  }
}

const bucketOf = (ms: number): number => {
  const index = latencyBoundsMs.findIndex((bound) => ms <= bound);
  return index === -1 ? latencyBoundsMs.length : index;
};
