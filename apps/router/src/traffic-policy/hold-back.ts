import type { StampState } from './stamp-state.js';
import type { Refused, Waiting } from './traffic-policy.js';

/** Waits until its turn has come by a rate; then it still needs a place at the stamp. */
export const holdBack = ({ compartment, rule }: StampState, priority: number, heldBackMs: number): Waiting => {
  let inner: Waiting | null = null;
  let skip: () => void = () => undefined;
  const turn = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, heldBackMs);
    skip = () => (clearTimeout(timer), resolve());
  });
  let gone = false;
  const enter = (): 'go' | Refused | Promise<'go' | Refused> => {
    if (gone) return compartment.refused('the client has gone');
    if (compartment.enter(priority)) return 'go';
    if (!compartment.mayWait(priority)) return compartment.refused('no place for this priority');
    inner = compartment.wait(priority);
    return inner.admission;
  };
  const abandon = (): void => {
    gone = true;
    skip();
    inner?.abandon(0);
  };
  return { kind: 'waiting', waitMsMax: heldBackMs + rule.queueWaitMs, admission: turn.then(enter), abandon };
};
