import { setTimeout as sleep } from 'node:timers/promises';
import { RootAnswerSchema } from '@lapidary/contracts/digest-protocol';
import { BackfillReplySchema, type BackfillReply, type EventEnvelope } from '@lapidary/contracts/events/envelope';
import { AckReplySchema, type AckReply } from '@lapidary/contracts/events/peer-link';
import { geoAck, geoBackfill, geoDigest, geoStream } from '@lapidary/contracts/subjects';
import { AppError } from '@lapidary/kernel/app-error';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { OrderedReader, type ReaderEnd, type StreamMessage } from '@lapidary/messaging/ordered-reader';
import { unpackBatch } from '@lapidary/messaging/packed-batch';
import { streamState, type StreamState } from '@lapidary/messaging/streams';
import { readBatch, readEvents, type IncomingEvent } from '@lapidary/replication/read-events';
import type { Logger } from '@lapidary/telemetry/logger';
import type { MetricsOf } from '@lapidary/telemetry/metrics';
import type { DataSource } from 'typeorm';
import { notePeerRoot } from '../digests/peer-root.js';
import type { ApplyTools } from './apply-tenant.js';
import { bucketOfMs } from '@lapidary/replication/convergence';
import { addConvergence, ConvergenceCounts } from './convergence-rows.js';
import { fillWithheld, withContents } from './contents.js';
import { ingest, type Ingested } from './ingest.js';
import type { replicationMetrics } from './metrics.js';
import { noteRefused, type Refused } from './refuse-foreign.js';
import { adoptEpoch, noteConfirmed, noteStreamHint, readPosition } from './peer-position.js';

/** An outbox answers a question in milliseconds, a back-fill of 200 events in some ten. */
const requestMs = 3_000;
/** How often the peer hears how far we are, and we hear where it stands. */
const ackMs = 1_000;

/** Half of what one piece of an outbox holds: from here on asking for it is less than reading message by message. */
const farBehindEvents = 100;

export interface SessionOptions {
  /** This region. */
  readonly region: string;
  readonly peer: string;
  readonly dataSource: DataSource;
  /** Ordinary client connection to the peer's NATS. */
  readonly link: NatsLink;
  readonly tools: ApplyTools;
  readonly logger: Logger;
  readonly metrics: MetricsOf<typeof replicationMetrics>;
  /** Told after the transaction has committed. */
  readonly onApplied: (events: readonly EventEnvelope[]) => void;
}

export type SessionEnd = ReaderEnd | 'newer-epoch';

/** One reading of a peer's stream, from our own position until something is in doubt. */
export class PeerSession {
  private newerEpoch = false;
  private behindAt: number | null = null;

  constructor(
    private readonly options: SessionOptions,
    /** Outlives this reading: what was counted and not yet written goes into the next one's write. */
    private readonly convergence: ConvergenceCounts,
  ) {}

  async run(signal: AbortSignal): Promise<SessionEnd> {
    const { dataSource, link, peer } = this.options;
    const { head, at } = await this.greet();
    const state = await streamState(link, geoStream(peer));
    if (!state) return await this.withoutStream(signal);
    // What the stream holds by now is all in what the outbox gives.
    if (head - at > farBehindEvents && (await this.catchUp())) await noteStreamHint(dataSource, peer, state.id, state.lastSequence);
    const { streamHint, streamId } = await readPosition(dataSource, peer);
    // A hint past the stream's end is of a stream that has lost its last messages; then everything left is read anew.
    const usable = streamId === state.id && streamHint <= state.lastSequence;
    const reader = await OrderedReader.open(link, {
      stream: geoStream(peer),
      fromSequence: usable ? streamHint + 1 : 1,
      onMessage: (message) => this.onMessage(message, state, () => void reader.stop()),
    });
    const onAbort = (): void => void reader.stop();
    signal.addEventListener('abort', onAbort);
    // A signal that was given while the reader opened tells nobody any more.
    if (signal.aborted) onAbort();
    const ended = new AbortController();
    const checking = this.keepChecking(ended.signal, () => void reader.stop());
    const end = await reader.ended;
    ended.abort();
    signal.removeEventListener('abort', onAbort);
    await checking;
    if (end === 'failed') throw reader.failure;
    return this.newerEpoch ? 'newer-epoch' : end;
  }

  /** Tells the peer how far we are, follows its epoch, and returns where it stands. */
  private async greet(): Promise<AckReply & { readonly at: number }> {
    const { dataSource, link, peer, region, metrics } = this.options;
    const before = await readPosition(dataSource, peer);
    const body = { peer: region, epoch: before.epoch, sequence: before.sequence };
    const reply = await link.requestJson(geoAck(peer, region), body, AckReplySchema, requestMs);
    if (reply.region !== peer) {
      throw new AppError('config_invalid', `The NATS server configured for ${peer} is that of ${reply.region}`);
    }
    if (reply.epoch > before.epoch) await adoptEpoch(dataSource, peer, reply.epoch);
    await noteConfirmed(dataSource, peer, reply);
    await this.compareRoots();
    const at = reply.epoch > before.epoch ? 0 : before.sequence;
    metrics.lapidary_replication_behind.set({ peer }, Math.max(0, reply.head - at));
    return { ...reply, at };
  }

  /** An older version does not answer, and a busy one later: what stands is kept then, with its age. */
  private async compareRoots(): Promise<void> {
    const { dataSource, link, peer, region, logger } = this.options;
    try {
      const { root } = await link.requestJson(geoDigest(peer, region), { want: 'root' }, RootAnswerSchema, requestMs);
      await notePeerRoot(dataSource, peer, root);
    } catch (error) {
      logger.debug({ err: error, peer }, 'the peer tells no digest');
    }
  }

  /**
   * Every second: acknowledge, and look for a hole that no later event shows (the stream's last messages were lost, or
   * the peer can't publish). Being behind at two looks in a row without having moved means that nothing is on its way.
   */
  private async check(): Promise<void> {
    const { peer, link, dataSource } = this.options;
    const { head, at, epoch } = await this.greet();
    const stuck = at < head && this.behindAt === at;
    this.behindAt = at < head ? at : null;
    await fillWithheld(this.options);
    const counts = this.convergence.take();
    if (counts !== null) await addConvergence(dataSource, peer, counts);
    if (!stuck) return;
    const now = await readPosition(dataSource, peer);
    if (now.epoch === epoch && now.sequence < head && link.isConnected) await this.fill(now.epoch, now.sequence + 1, head);
  }

  private async keepChecking(ended: AbortSignal, stop: () => void): Promise<void> {
    const { logger, peer } = this.options;
    let failures = 0;
    while (!ended.aborted) {
      await sleep(ackMs, undefined, { signal: ended }).catch(() => undefined);
      if (ended.aborted) return;
      try {
        await this.check();
        failures = 0;
      } catch (error) {
        logger.debug({ err: error, peer }, 'no answer from the peer');
        // The peer's control plane may be down while its stream is readable; only a wrong peer ends the reading.
        if (++failures > 0 && error instanceof AppError && error.code === 'config_invalid') return stop();
      }
    }
  }

  /** The peer has no stream (yet, or it is being made anew): what its outbox has comes all the same. */
  private async withoutStream(signal: AbortSignal): Promise<SessionEnd> {
    await sleep(ackMs, undefined, { signal }).catch(() => undefined);
    await this.check().catch(() => undefined);
    await this.check();
    return 'stream-gone';
  }

  private async onMessage(message: StreamMessage, state: StreamState, stop: () => void): Promise<void> {
    const { peer, dataSource, logger } = this.options;
    let raw: unknown[];
    try {
      raw = unpackBatch(message.data);
    } catch (error) {
      // Nobody can tell what it held; the hole that it leaves shows itself and is filled from the outbox.
      logger.warn({ err: error, peer, streamSequence: message.sequence }, 'a message of the peer’s stream is unreadable');
      await this.refuse(message.sequence, [{ why: 'unreadable', raw: Buffer.from(message.data).toString('base64') }]);
      return;
    }
    // The stream is transport, the outbox is the log: what is malformed here leaves a hole if it was an event, and none if it was not.
    const { events, placeless } = readBatch(peer, raw);
    const malformed = [...placeless, ...events.flatMap((e) => (e.ok ? [] : [e.raw]))];
    await this.refuse(
      message.sequence,
      malformed.map((item) => ({ why: 'malformed', raw: item })),
    );
    const done = await this.takeIn(
      events.filter((e) => e.ok),
      message.sequence,
    );
    if (!done) {
      this.newerEpoch = true;
      stop();
      return;
    }
    await noteStreamHint(dataSource, peer, state.id, message.sequence);
  }

  /** False where the peer's epoch has changed. */
  private async takeIn(events: readonly IncomingEvent[], streamSequence: number): Promise<boolean> {
    const { dataSource, tools, peer } = this.options;
    let rest = events;
    for (;;) {
      const result = await ingest(dataSource, tools, peer, await withContents(this.options, rest));
      this.observe(result);
      const { stopped } = result.run;
      if (!stopped) return true;
      const [first, ...others] = stopped.rest;
      if (first && !(await this.isInLog(first))) {
        await this.refuse(streamSequence, [{ why: 'not_in_log', raw: first.ok ? first.event : first.raw }]);
        rest = others;
        continue;
      }
      if (stopped.by.kind === 'newer-epoch') return false;
      await this.fill(result.run.at.epoch, stopped.by.from, stopped.by.to);
      rest = stopped.rest;
    }
  }

  /** Whether the origin can have told this: asked after it came, since a number is given before an event is published. */
  private async isInLog({ epoch, sequence }: IncomingEvent): Promise<boolean> {
    const { dataSource, link, peer, region } = this.options;
    const at = await readPosition(dataSource, peer);
    const body = { peer: region, epoch: at.epoch, sequence: at.sequence };
    const origin = await link.requestJson(geoAck(peer, region), body, AckReplySchema, requestMs);
    return epoch < origin.epoch || (epoch === origin.epoch && sequence <= origin.head);
  }

  private async refuse(streamSequence: number, refused: readonly Refused[]): Promise<void> {
    const { dataSource, peer, logger, metrics } = this.options;
    if (refused.length === 0) return;
    for (const { why } of refused) metrics.lapidary_replication_refused_total.inc({ peer, why });
    logger.error({ peer, streamSequence, refused: refused.length }, 'the peer’s stream has what is none of its events');
    await noteRefused(dataSource, peer, streamSequence, refused);
  }

  /**
   * Whoever is far behind reads the origin's outbox: in pieces of many events, while the stream holds what was published one by one.
   * False where the origin does not answer; the stream has everything too.
   */
  private async catchUp(): Promise<boolean> {
    const { peer, logger } = this.options;
    try {
      // Asked again, since only what is told after the stream was looked at covers what it holds.
      const { at, head, epoch } = await this.greet();
      logger.info({ peer, from: at + 1, to: head }, 'catching up from the peer’s outbox');
      await this.take(epoch, at + 1, head);
      return true;
    } catch (error) {
      logger.info({ err: error, peer }, 'the peer’s outbox gives nothing; its stream is read');
      return false;
    }
  }

  /** Asks the origin for a hole in its stream. */
  private async fill(epoch: number, from: number, to: number): Promise<void> {
    const { peer, logger, metrics } = this.options;
    metrics.lapidary_replication_gaps_total.inc({ peer });
    logger.info({ peer, from, to }, 'filling a gap from the peer’s outbox');
    await this.take(epoch, from, to);
  }

  /** Takes a range from the origin's outbox, piece by piece. */
  private async take(epoch: number, from: number, to: number): Promise<void> {
    const { link, peer, region, dataSource, tools } = this.options;
    const ask = (next: number): Promise<BackfillReply> => {
      const asked = link.requestJson(geoBackfill(peer, region), { epoch, from: next, to }, BackfillReplySchema, requestMs);
      // Asked ahead: nobody waits for it where the piece before can't be taken in.
      asked.catch(() => undefined);
      return asked;
    };
    let coming = ask(from);
    for (let next = from; next <= to;) {
      const reply = await coming;
      if (!reply.ok) throw new AppError('not_ready', `Region ${peer} has begun epoch ${reply.epoch}`);
      if (reply.through < next) throw new AppError('not_ready', `Region ${peer} does not have its events ${next} to ${to} yet`);
      next = reply.through + 1;
      if (next <= to) coming = ask(next);
      const events = await withContents(this.options, readEvents(peer, reply.events));
      this.observe(await ingest(dataSource, tools, peer, events, reply.through));
    }
  }

  private observe({ applied, skipped, parked }: Ingested): void {
    const { metrics, peer, onApplied, logger } = this.options;
    metrics.lapidary_replication_applied_total.inc({ peer }, applied.length);
    metrics.lapidary_replication_skipped_total.inc({ peer }, skipped);
    if (parked > 0) {
      metrics.lapidary_replication_dead_letters_total.inc({ peer }, parked);
      logger.error({ peer, parked }, 'events could not be applied and were parked');
    }
    const now = Date.now();
    for (const { time } of applied) {
      const tookMs = Math.max(0, now - Date.parse(time));
      metrics.lapidary_replication_convergence_seconds.observe({ peer }, tookMs / 1_000);
      this.convergence.add(bucketOfMs(tookMs));
    }
    const last = applied.at(-1);
    if (!last) return;
    metrics.lapidary_replication_lag_seconds.set({ peer }, Math.max(0, Date.now() - Date.parse(last.time)) / 1000);
    onApplied(applied);
  }
}
