/** Why a step is told to stop: the reason of its AbortSignal. A step may end differently for each (see provisioner-child). */
export type StopCause = 'cancelled' | 'shutdown' | 'lost' | 'timeout';

const texts: Readonly<Record<StopCause, string>> = {
  cancelled: 'the job is cancelled',
  shutdown: 'this process shuts down',
  lost: 'the job belongs to another worker now',
  timeout: 'the step takes too long',
};

/** Never thrown at people: the runner turns it into the step's or the job's end. */
export class StopReason extends Error {
  constructor(readonly stopCause: StopCause) {
    super(texts[stopCause]);
    this.name = 'StopReason';
  }
}

export const stopCauseOf = (signal: AbortSignal): StopCause =>
  signal.reason instanceof StopReason ? signal.reason.stopCause : 'cancelled';
