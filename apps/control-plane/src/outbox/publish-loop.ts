import { backOffMs } from '@lapidary/kernel/back-off';
import { isAppError } from '@lapidary/kernel/app-error';
import { Wakeup } from '@lapidary/kernel/wakeup';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { DataSource } from 'typeorm';
import { endTrouble, noteTrouble, type Published } from './publishing-trouble.js';

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
  /** What is published, and where trouble with it is kept; `tell`: 1 while there is some. */
  readonly trouble: { readonly dataSource: DataSource; readonly what: Published; readonly tell: (blocked: 0 | 1) => void };
}

/** What a leader that publishes does all its term: a round when woken or by the timer, again after a pause where one failed. */
export class PublishLoop {
  private readonly wakeup = new Wakeup();

  /** Whether trouble may be noted: by this process, or by a leader before it. */
  private mayBeInTrouble = true;
  private blocked = false;

  constructor(private readonly options: PublishLoopOptions) {}

  /** Whether the last round failed over the stream. */
  get isBlocked(): boolean {
    return this.blocked;
  }

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
    this.mayBeInTrouble = true;
    try {
      for (let failures = 0; !signal.aborted;) {
        try {
          const busy = await pass();
          failures = 0;
          await this.wentThrough();
          if (!busy) await this.wakeup.wait(timerMs, signal);
        } catch (error) {
          doubtStream();
          onFailure(error);
          await this.inTrouble(error);
          await new Wakeup().wait(backOffMs(failures++, retryFirstMs, retryMaxMs), signal);
        }
      }
    } finally {
      stopListening();
      // Who leads next says how it stands.
      this.blocked = false;
      this.options.trouble.tell(0);
    }
  }

  /** A round without NATS publishes nothing, and says nothing of the stream. */
  private async wentThrough(): Promise<void> {
    const { nats, trouble } = this.options;
    this.blocked = false;
    if (!this.mayBeInTrouble || !nats.isConnected) return;
    await endTrouble(trouble.dataSource, trouble.what);
    this.mayBeInTrouble = false;
    trouble.tell(0);
  }

  /** Of the stream; what is wrong with the database its own clients tell, and nothing could be kept there. */
  private async inTrouble(error: unknown): Promise<void> {
    const { trouble } = this.options;
    if (!isAppError(error) || error.code !== 'not_ready') return;
    this.mayBeInTrouble = true;
    this.blocked = true;
    trouble.tell(1);
    await noteTrouble(trouble.dataSource, trouble.what, error.message).catch(() => undefined);
  }
}
