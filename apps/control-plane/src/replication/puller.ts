import { backOffMs } from '@lapidary/kernel/back-off';
import { Wakeup } from '@lapidary/kernel/wakeup';
import { ConvergenceCounts } from './convergence-rows.js';
import { PeerSession, type SessionEnd } from './peer-session.js';
import type { SessionOptions } from './session-options.js';

/** The next reading after a clean end; jitter keeps the readers of one peer apart. */
const againMs = 200;
const retryMaxMs = 3_000;
/** While the link is down its own reconnect wakes us; this is for a wake that was missed. */
const disconnectedMs = 1_000;

/** Keeps reading one peer for as long as this process leads that link. Two leaders for a moment take turns in the database. */
export class PeerPuller {
  private readonly convergence = new ConvergenceCounts();

  constructor(private readonly options: SessionOptions) {}

  /** Works until the signal; for Leader. */
  async lead(signal: AbortSignal): Promise<void> {
    const { link, logger, metrics, peer } = this.options;
    const wakeup = new Wakeup();
    const stopListening = link.onConnected(() => wakeup.wake());
    try {
      for (let failures = 0; !signal.aborted;) {
        if (!link.isConnected) {
          await wakeup.wait(disconnectedMs, signal);
          continue;
        }
        let after: SessionEnd | 'error';
        try {
          after = await new PeerSession(this.options, this.convergence).run(signal);
          failures = 0;
        } catch (error) {
          after = 'error';
          failures++;
          logger.warn({ err: error, peer }, 'the peer’s events could not be read; trying again');
        }
        if (signal.aborted) return;
        metrics.lapidary_replication_sessions_total.inc({ peer, after });
        // A silent server is a dead connection that TCP hasn't noticed (lab 1.4: a black hole).
        if (after === 'heartbeats-missed') await link.forceReconnect();
        else await new Wakeup().wait(backOffMs(failures, againMs, retryMaxMs), signal);
      }
    } finally {
      stopListening();
    }
  }
}
