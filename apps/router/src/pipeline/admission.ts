import type { ForwardDecision } from './decide.js';
import { isRefused, type Refused, type TrafficPolicy, type Waiting } from '../traffic-policy/traffic-policy.js';
import { nowMs } from '../read-clock.js';
import { urgencyOf } from '../traffic-policy/urgency.js';

type Routes = ForwardDecision['routes'];

/** What the policy has admitted for one exchange, on either path: at most one admission at a time, and each is released. */
export class Admission {
  private routes: Routes | null = null;
  private waiting: Waiting | null = null;

  constructor(private readonly policy: TrafficPolicy) {}

  /**
   * 'go' at once, also where the request is admitted for that stamp already; a refusal; or null: `settled` is called later,
   * unless letGo() comes first.
   */
  admit(routes: Routes, priority: string | string[] | undefined, settled: (refused: Refused | null) => void): 'go' | Refused | null {
    if (this.routes?.stamp.stamp === routes.stamp.stamp) return 'go';
    this.letGo();
    const answer = this.policy.admit(routes.tenant, routes.stamp, nowMs(), urgencyOf(priority), routes.memo);
    if (answer === 'go') {
      this.routes = routes;
      return 'go';
    }
    if (isRefused(answer)) return answer;
    this.wait(answer, routes, settled);
    return null;
  }

  /** Gives a place in the queue up; what was waited for settles as refused, unless it has settled. */
  abandon(): void {
    this.waiting?.abandon(nowMs());
  }

  letGo(): void {
    // Whoever waits gives its place up; a "go" that was on its way is released when it comes.
    this.abandon();
    this.waiting = null;
    if (this.routes) this.policy.release(this.routes.tenant, this.routes.stamp, nowMs(), this.routes.memo);
    this.routes = null;
  }

  private wait(waiting: Waiting, routes: Routes, settled: (refused: Refused | null) => void): void {
    this.waiting = waiting;
    void waiting.admission.then((answer) => {
      const isOurs = this.waiting === waiting;
      if (!isOurs) {
        if (answer === 'go') this.policy.release(routes.tenant, routes.stamp, nowMs(), routes.memo);
        return;
      }
      this.waiting = null;
      if (answer === 'go') this.routes = routes;
      settled(answer === 'go' ? null : answer);
    });
  }
}
