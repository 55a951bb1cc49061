import { backOffMs } from '@lapidary/kernel/back-off';
import { machineNowMs } from '@lapidary/kernel/machine-clock';
import { nextState } from '@lapidary/kernel/transition-table';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { Logger } from '@lapidary/telemetry/logger';
import type { DataSource } from 'typeorm';
import { proveSum } from './directory-sum.js';
import { streamTrustTable, type StreamTrust, type StreamTrustEvent } from './stream-trust.js';
import { readStreamBack, rebuildStream, streamOwner } from './verify-stream.js';

const lookMs = 30_000;
/** A million entries take more than half a minute to be read back: reading them takes a twentieth of the time at most. */
const lookShare = 20;
/** Until a look that failed is tried again. */
const retryFirstMs = 1_000;

export interface StreamKeeperOptions {
  readonly region: string;
  readonly dataSource: DataSource;
  readonly nats: NatsLink;
  readonly logger: Logger;
  /** How often the stream is looked at. */
  readonly lookMs?: number;
  /** Entries are to be published again. */
  readonly onRepair: () => void;
  /** The kept digest was not that of the rows. */
  readonly onWrongSum: () => void;
}

/** Sees that the stream of the directory is this database's and holds what was published (stream-trust.ts). */
export class StreamKeeper {
  private trust: StreamTrust = streamTrustTable.initial;
  private looking: Promise<void> | undefined;
  private lookAtMs = 0;
  private failures = 0;
  /** A look that began before the last doubt says nothing. */
  private doubts = 0;

  constructor(private readonly options: StreamKeeperOptions) {}

  doubt(): void {
    this.doubts++;
    this.move('doubt');
  }

  /** Before anything is published: asks whose the stream is, and makes it anew where it must be. */
  async settle(): Promise<void> {
    const { dataSource, nats, region } = this.options;
    if (this.trust === 'unknown') {
      this.move(await streamOwner(dataSource, nats, region));
      this.lookAtMs = 0;
    }
    if (this.trust === 'foreign') {
      await rebuildStream(dataSource, nats, region);
      this.move('rebuild');
      this.lookNext();
      this.repaired('rebuilt');
    }
  }

  /** Begins to read the stream where that is due; waits for nothing. */
  lookIfDue(signal: AbortSignal | undefined): void {
    if (this.trust !== 'unread' && this.trust !== 'read') return;
    if (machineNowMs() < this.lookAtMs || this.looking !== undefined) return;
    if (this.trust === 'read') this.move('due');
    this.looking = this.look(signal).finally(() => (this.looking = undefined));
  }

  /** At the end of a term. */
  async idle(): Promise<void> {
    await this.looking;
  }

  private async look(signal: AbortSignal | undefined): Promise<void> {
    const { dataSource, nats, region, logger } = this.options;
    const [beganMs, { doubts }] = [machineNowMs(), this];
    try {
      if (!(await proveSum(dataSource))) {
        logger.error(
          'the kept digest of the directory was not that of its rows, and was made right; until then routers compared with a wrong one',
        );
        this.options.onWrongSum();
      }
      const verdict = await readStreamBack(dataSource, nats, region, signal);
      if (doubts !== this.doubts) return;
      this.failures = 0;
      this.move(verdict === 'foreign' ? 'strange' : 'look');
      this.lookNext(machineNowMs() - beganMs);
      if (verdict === 'repaired') this.repaired(verdict);
      if (verdict === 'foreign') this.options.onRepair();
    } catch (error) {
      if (signal?.aborted || doubts !== this.doubts) return;
      this.lookAtMs = machineNowMs() + backOffMs(this.failures++, retryFirstMs, this.options.lookMs ?? lookMs);
      logger.warn({ err: error }, 'the directory stream could not be looked at; trying again');
    }
  }

  private lookNext(tookMs = 0): void {
    this.lookAtMs = machineNowMs() + Math.max(this.options.lookMs ?? lookMs, lookShare * tookMs);
  }

  private repaired(verdict: 'repaired' | 'rebuilt'): void {
    this.options.logger.warn({ verdict }, 'the directory stream differed from the table');
    this.options.onRepair();
  }

  private move(event: StreamTrustEvent): void {
    this.trust = nextState(streamTrustTable, this.trust, event);
  }
}
