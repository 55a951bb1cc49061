import { setTimeout as sleep } from 'node:timers/promises';
import type { BackfillReply } from '@lapidary/contracts/events/envelope';
import { geoEvents, geoStream } from '@lapidary/contracts/subjects';
import { AppError } from '@lapidary/kernel/app-error';
import { msOfIso } from '@lapidary/kernel/iso-time';
import { OrderedReader, type ReaderEnd, type StreamMessage } from '@lapidary/messaging/ordered-reader';
import { unpackBatch } from '@lapidary/messaging/packed-batch';
import { saidInStream } from '@lapidary/messaging/peer-seal';
import { streamState } from '@lapidary/messaging/streams';
import { readBatch, type IncomingEvent } from '@lapidary/replication/read-events';
import type { Position } from '@lapidary/replication/version-vector';
import { bucketOfMs } from '@lapidary/replication/convergence';
import { addConvergence, ConvergenceCounts } from './convergence-rows.js';
import { fillWithheld, withContents } from './contents.js';
import { ingest, type Ingested } from './ingest.js';
import { PeerGreeting } from './peer-greeting.js';
import { PeerOutbox } from './peer-outbox.js';
import type { SessionOptions } from './session-options.js';
import { takenAtOnce } from './taken-at-once.js';
import { noteRefused, RefusedLetters, type Refused } from './refuse-foreign.js';
import { noteStreamHint, readPosition } from './peer-position.js';

/** How often the peer hears how far we are, and we hear where it stands. */
const ackMs = 1_000;

const endsReading: ReadonlySet<string> = new Set(['config_invalid', 'protocol_unsupported', 'region_restored', 'region_given_up']);

export type SessionEnd = ReaderEnd | 'newer-epoch';

/** One reading of a peer's stream, from our own position until something is in doubt. */
export class PeerSession {
  private readonly outbox: PeerOutbox;
  private readonly greeting: PeerGreeting;
  private readonly letters = new RefusedLetters();
  private newerEpoch = false;
  private behindAt: number | null = null;

  constructor(
    private readonly options: SessionOptions,
    /** Outlives this reading: what was counted and not yet written goes into the next one's write. */
    private readonly convergence: ConvergenceCounts,
  ) {
    this.outbox = new PeerOutbox(options, (ingested) => this.observe(ingested));
    this.greeting = new PeerGreeting(options);
  }

  async run(signal: AbortSignal): Promise<SessionEnd> {
    const before = await readPosition(this.options.dataSource, this.options.peer);
    // Both at once: a link that has come back has every round trip of it to wait for.
    const first = before.epoch > 0 ? this.outbox.ask(before.epoch, before.sequence + 1, this.outbox.latest) : null;
    const { epoch, head } = await this.greeting.greet();
    const from = epoch === before.epoch ? before : { epoch, sequence: 0 };
    const asked = epoch === before.epoch && first ? first : this.outbox.ask(epoch, 1, this.outbox.latest);
    const isCaughtUp = await this.catchUp(from, head, asked);
    const reader = await this.openReader(isCaughtUp);
    if (reader === null) return await this.withoutStream(signal);
    const onAbort = (): void => void reader.stop();
    signal.addEventListener('abort', onAbort);
    // A signal that was given while the reader opened tells nobody any more.
    if (signal.aborted) onAbort();
    const ended = new AbortController();
    const checking = this.keepChecking(ended.signal, isCaughtUp, () => void reader.stop());
    const end = await reader.ended;
    ended.abort();
    signal.removeEventListener('abort', onAbort);
    await checking;
    if (end === 'failed') throw reader.failure;
    return this.newerEpoch ? 'newer-epoch' : end;
  }

  /**
   * Reads what is stored from now on where the outbox has told the rest, so that nobody need look at the stream, else from where it was
   * read to. Null: there is none.
   */
  private async openReader(isCaughtUp: boolean): Promise<OrderedReader | null> {
    const { dataSource, link, peer } = this.options;
    const { streamHint, streamId } = await readPosition(dataSource, peer);
    const mustLook = !isCaughtUp || streamId === '';
    const state = mustLook ? await streamState(link, geoStream(peer)) : null;
    if (mustLook && state === null) return null;
    // A hint past the stream's end is of a stream that has lost its last messages; then everything left is read anew.
    const usable = state !== null && streamId === state.id && streamHint <= state.lastSequence;
    // Of a stream that was made anew this is the old one's id: then the next who needs the hint finds that it is of no use.
    const id = state?.id ?? streamId;
    try {
      const reader = await OrderedReader.open(link, {
        stream: geoStream(peer),
        fromSequence: isCaughtUp ? 'now' : usable ? streamHint + 1 : 1,
        onMessage: (message) => this.onMessage(message, id, () => void reader.stop()),
      });
      if (isCaughtUp) await noteStreamHint(dataSource, peer, id, reader.after);
      return reader;
    } catch (error) {
      if (!mustLook && (await streamState(link, geoStream(peer))) === null) return null;
      throw error;
    }
  }

  /**
   * Every second: acknowledge, and look for a hole that no later event shows (the stream's last messages were lost, or
   * the peer can't publish). Being behind at two looks in a row without having moved means that nothing is on its way.
   */
  private async check(): Promise<void> {
    const { peer, link, dataSource } = this.options;
    const { head, at, epoch } = await this.greeting.greet();
    await this.greeting.compareRoots();
    const stuck = at < head && this.behindAt === at;
    this.behindAt = at < head ? at : null;
    await fillWithheld(this.options);
    const counts = this.convergence.take();
    if (counts !== null) await addConvergence(dataSource, peer, counts);
    if (!stuck) return;
    const now = await readPosition(dataSource, peer);
    if (now.epoch === epoch && now.sequence < head && link.isConnected) await this.fill(now.epoch, now.sequence + 1, head);
  }

  /** What was told between the outbox's last word and the reader's first: a log that has grown meanwhile shows that there may be some. */
  private async lookAgain(): Promise<void> {
    const { epoch, head, at } = await this.greeting.greet();
    if (at < head) await this.outbox.take(epoch, at + 1, this.outbox.latest, { enough: head });
    await this.greeting.compareRoots();
  }

  private async keepChecking(ended: AbortSignal, isCaughtUp: boolean, stop: () => void): Promise<void> {
    const { logger, peer } = this.options;
    for (let isFirst = isCaughtUp; !ended.aborted; isFirst = false) {
      if (!isFirst) await sleep(ackMs, undefined, { signal: ended }).catch(() => undefined);
      if (ended.aborted) return;
      try {
        await (isFirst ? this.lookAgain() : this.check());
      } catch (error) {
        logger.debug({ err: error, peer }, 'no answer from the peer');
        // The peer's control plane may be down while its stream is readable; only a wrong peer, or one of another protocol, ends the reading.
        if (error instanceof AppError && endsReading.has(error.code)) return stop();
      }
    }
  }

  /** The peer has no stream (yet, or it is being made anew): what its outbox has comes with each reading all the same. */
  private async withoutStream(signal: AbortSignal): Promise<SessionEnd> {
    await sleep(ackMs, undefined, { signal }).catch(() => undefined);
    await this.check();
    return 'stream-gone';
  }

  private async onMessage(message: StreamMessage, streamId: string, stop: () => void): Promise<void> {
    const { peer, dataSource, logger, seals } = this.options;
    const forged = seals?.keys.faultOf(peer, saidInStream(geoEvents(peer)), message.data, message.signature);
    if (forged) {
      // What stands in the place of a true one leaves a hole, which is filled from the outbox; what was only added leaves none.
      seals?.refuse(peer, 'events', forged);
      await this.refuse(message.sequence, [{ why: forged, raw: Buffer.from(message.data).toString('base64') }]);
      return;
    }
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
    const readable = events.filter((e) => e.ok);
    for (const some of takenAtOnce(readable)) {
      if (await this.takeIn(some, message.sequence)) continue;
      this.newerEpoch = true;
      stop();
      return;
    }
    await noteStreamHint(dataSource, peer, streamId, message.sequence);
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
      if (first && !(await this.greeting.hasTold(first))) {
        await this.refuse(streamSequence, [{ why: 'not_in_log', raw: first.ok ? first.event : first.raw }]);
        rest = others;
        continue;
      }
      if (stopped.by.kind === 'newer-epoch') return false;
      await this.fill(result.run.at.epoch, stopped.by.from, stopped.by.to);
      rest = stopped.rest;
    }
  }

  private async refuse(streamSequence: number, refused: readonly Refused[]): Promise<void> {
    const { dataSource, peer, logger, metrics } = this.options;
    for (const { why } of refused) metrics.lapidary_replication_refused_total.inc({ peer, why });
    const kept = this.letters.take(refused);
    if (kept.length === 0) return;
    logger.error({ peer, streamSequence, refused: refused.length }, 'the peer’s stream has what is none of its events');
    await noteRefused(dataSource, peer, streamSequence, kept);
  }

  /**
   * What a link that was down has missed comes from the origin's outbox: in pieces of many events, the first asked for before anybody
   * knows how much it is, while the stream holds what was published one by one. `head`: where the origin stood meanwhile. False where
   * the outbox gives nothing; the stream has everything too.
   */
  private async catchUp(from: Position, head: number, first: Promise<BackfillReply>): Promise<boolean> {
    const { peer, logger } = this.options;
    try {
      const through = await this.outbox.take(from.epoch, from.sequence + 1, this.outbox.latest, { first, enough: head });
      if (through > from.sequence) logger.info({ peer, from: from.sequence + 1, through }, 'caught up from the peer’s outbox');
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
    const through = await this.outbox.take(epoch, from, to);
    if (through < to) throw new AppError('not_ready', `Region ${peer} does not have its events ${through + 1} to ${to} yet`);
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
    const seconds = metrics.lapidary_replication_convergence_seconds.labels({ peer });
    for (const { time } of applied) {
      const tookMs = Math.max(0, now - (msOfIso(time) ?? Date.parse(time)));
      seconds.observe(tookMs / 1_000);
      this.convergence.add(bucketOfMs(tookMs));
    }
    const last = applied.at(-1);
    if (!last) return;
    metrics.lapidary_replication_lag_seconds.set({ peer }, Math.max(0, Date.now() - Date.parse(last.time)) / 1000);
    onApplied(applied);
  }
}
