import { BackfillReplySchema, type BackfillReply } from '@lapidary/contracts/events/envelope';
import { geoBackfill } from '@lapidary/contracts/subjects';
import { AppError } from '@lapidary/kernel/app-error';
import { readEvents, type IncomingEvent } from '@lapidary/replication/read-events';
import type { Span } from '@lapidary/replication/version-vector';
import { withContents, type ContentsSource } from './contents.js';
import { ingest, type Ingested } from './ingest.js';
import { takenAtOnce } from './taken-at-once.js';

/** As the other requests to a peer: a piece takes some ten milliseconds at the origin. */
const requestMs = 3_000;
interface TakeOptions {
  readonly first: Promise<BackfillReply>;
  readonly enough: number;
}

/** A peer's outbox, which is its log (P-OB1): read piece by piece, the next one on its way while one is taken in. */
export class PeerOutbox {
  /** In the place of a last sequence: whatever there is when the origin answers. */
  readonly latest = Number.MAX_SAFE_INTEGER;

  constructor(
    private readonly source: ContentsSource,
    private readonly onIngested: (ingested: Ingested) => void,
  ) {}

  /** One piece, from `from` on. Nobody need wait for it: whoever asks ahead may find that it is not needed. */
  ask(epoch: number, from: number, to: number): Promise<BackfillReply> {
    const { link, peer, region } = this.source;
    const asked = link.requestJson(geoBackfill(peer, region), { epoch, from, to }, BackfillReplySchema, requestMs);
    asked.catch(() => undefined);
    return asked;
  }

  /**
   * Takes in what there is of a range. `first`: its first piece, asked for already; `enough`: once it has come to here, nothing more is
   * asked for. Returns how far the origin could tell.
   */
  async take(epoch: number, from: number, to: number, options: Partial<TakeOptions> = {}): Promise<number> {
    const { peer } = this.source;
    const { first = this.ask(epoch, from, to), enough = to } = options;
    let coming = first;
    for (let next = from; ;) {
      const reply = await coming;
      if (!reply.ok) throw new AppError('not_ready', `Region ${peer} has begun epoch ${reply.epoch}`);
      if (reply.through < next) return next - 1;
      const span = { epoch, from: next, through: reply.through };
      next = reply.through + 1;
      const isLastPiece = reply.through >= enough;
      if (!isLastPiece) coming = this.ask(epoch, next, to);
      const events = await withContents(this.source, readEvents(peer, reply.events));
      const runs = takenAtOnce(events);
      for (const some of runs.slice(0, -1)) await this.takeIn(some, { ...span, through: Math.min(some.at(-1)!.sequence, span.through) });
      // Also where there is none: the span says that there is nothing to come of it.
      await this.takeIn(runs.at(-1) ?? [], span);
      if (isLastPiece) return reply.through;
    }
  }

  /** Throws `not_ready` where the reader stands elsewhere than when it asked: whoever reads begins again from there. */
  private async takeIn(events: readonly IncomingEvent[], span: Span): Promise<void> {
    const { peer, dataSource, tools } = this.source;
    const ingested = await ingest(dataSource, tools, peer, events, span);
    this.onIngested(ingested);
    const { at, stopped } = ingested.run;
    if (stopped === null && at.epoch === span.epoch) return;
    throw new AppError(
      'not_ready',
      `Events ${span.from} to ${span.through} of epoch ${span.epoch} do not follow on ${at.sequence} of ${at.epoch}`,
    );
  }
}
