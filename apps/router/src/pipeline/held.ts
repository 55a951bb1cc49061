import type { ServerResponse } from 'node:http';
import { isRefused, type Refused, type TrafficPolicy, type Waiting } from '../traffic-policy/traffic-policy.js';
import { urgencyOf } from '../traffic-policy/urgency.js';
import type { ForwardDecision } from './decide.js';

type Routes = ForwardDecision['routes'];

/** What the policy has admitted for one exchange: at most one admission at a time, and each is released. */
export class Held {
  private routes: Routes | null = null;

  constructor(private readonly policy: TrafficPolicy) {}

  /** Asks again only where the request is for another stamp than it was admitted for. `priority`: the header's value. */
  async admit(routes: Routes, priority: string | string[] | undefined, response: ServerResponse): Promise<'go' | Refused> {
    if (this.routes?.stamp.stamp === routes.stamp.stamp) return 'go';
    this.letGo();
    const admission = this.policy.admit(routes.tenant, routes.stamp, performance.now(), urgencyOf(priority));
    const settled = admission === 'go' || isRefused(admission) ? admission : await waitTurn(admission, response);
    if (settled === 'go') this.routes = routes;
    return settled;
  }

  letGo(): void {
    if (this.routes) this.policy.release(this.routes.tenant, this.routes.stamp, performance.now());
    this.routes = null;
  }
}

/** A client that goes away gives its place in the queue up. */
const waitTurn = async (waiting: Waiting, response: ServerResponse): Promise<'go' | Refused> => {
  const gone = (): void => waiting.abandon(performance.now());
  response.once('close', gone);
  const settled = await waiting.admission;
  response.off('close', gone);
  return settled;
};
