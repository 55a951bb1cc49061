import { backOffMs } from '@lapidary/kernel/back-off';
import { Wakeup } from '@lapidary/kernel/wakeup';
import type { NatsLink } from '@lapidary/messaging/nats-link';

/** A lost notification costs at most this. */
const timerMs = 1_000;
const retryFirstMs = 100;
const retryMaxMs = 5_000;

export interface PublishLoopOptions {
  readonly nats: NatsLink;
  /** One round; true where there may be more to do at once. */
  readonly pass: () => Promise<boolean>;
  /** The stream may not be what it was (a new term, a new connection, a failure): only a look at it tells. */
  readonly doubtStream: () => void;
  readonly onFailure: (error: unknown) => void;
}

/** What a leader that publishes does all its term: a round when woken or by the timer, again after a pause where one failed. */
export class PublishLoop {
  private readonly wakeup = new Wakeup();

  constructor(private readonly options: PublishLoopOptions) {}

  wake(): void {
    this.wakeup.wake();
  }

  /** Works until the signal; for Leader. */
  async lead(signal: AbortSignal): Promise<void> {
    const { nats, pass, doubtStream, onFailure } = this.options;
    const stopListening = nats.onConnected(() => {
      doubtStream();
      this.wake();
    });
    doubtStream();
    try {
      for (let failures = 0; !signal.aborted;) {
        try {
          const busy = await pass();
          failures = 0;
          if (!busy) await this.wakeup.wait(timerMs, signal);
        } catch (error) {
          doubtStream();
          onFailure(error);
          await new Wakeup().wait(backOffMs(failures++, retryFirstMs, retryMaxMs), signal);
        }
      }
    } finally {
      stopListening();
    }
  }
}
