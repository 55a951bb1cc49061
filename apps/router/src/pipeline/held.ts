import type { ServerResponse } from 'node:http';
import type { Refused, TrafficPolicy } from '../traffic-policy/traffic-policy.js';
import { Admission } from './admission.js';
import type { GeneralDeadline } from './general-deadline.js';
import type { ForwardDecision } from './decide.js';

const nothing = (): void => undefined;

/** The admission of an exchange of the general path, to be awaited. */
export class Held {
  private readonly admission: Admission;
  private leaveTunnel: () => void = nothing;

  constructor(private readonly policy: TrafficPolicy) {
    this.admission = new Admission(policy);
  }

  /** As Admission.admit. A client that goes away, or whose time is over, gives its place in the queue up. */
  admit(
    routes: ForwardDecision['routes'],
    priority: string | string[] | undefined,
    response: ServerResponse,
    deadline: GeneralDeadline,
  ): Promise<'go' | Refused> {
    return new Promise((resolve) => {
      const gone = (): void => this.admission.abandon();
      // Until it waits nothing is to be undone.
      let unbind = (): void => undefined;
      const settled = (refused: Refused | null): void => {
        response.off('close', gone);
        unbind();
        resolve(refused ?? 'go');
      };
      const atOnce = this.admission.admit(routes, priority, settled);
      if (atOnce !== null) return resolve(atOnce);
      response.once('close', gone);
      unbind = deadline.bind(gone);
    });
  }

  /** A place for a tunnel, beside the request's own until it is open. */
  enterTunnel({ tenant, stamp }: ForwardDecision['routes']): 'go' | Refused {
    this.leaveTunnel();
    const entered = this.policy.openTunnel(tenant, stamp);
    if (typeof entered !== 'function') return entered;
    this.leaveTunnel = () => {
      this.leaveTunnel = nothing;
      entered();
    };
    return 'go';
  }

  /** It is a tunnel from now on, and no request any more. */
  becomesTunnel(): void {
    this.admission.letGo();
  }

  letGo(): void {
    this.admission.letGo();
    this.leaveTunnel();
  }
}
