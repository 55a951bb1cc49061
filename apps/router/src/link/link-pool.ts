import { backOffMs } from '@lapidary/kernel/back-off';
import type { LinkFault } from '@lapidary/stamp-sdk/link/frames';
import { LinkConnection } from '@lapidary/stamp-sdk/link/link-connection';
import type { PastStream } from '@lapidary/stamp-sdk/link/link-socket';
import { fieldLines } from '../http1/field-lines.js';

/** One link saturates a core at both ends; the second keeps serving while the first is opened anew or drains. */
const linksPerDoor = 2;
/**
 * So many requests go to one link before the other is asked: what they have to say in a turn of the loop is one write and one read at each end,
 * and twice that on two links. Half of what an agent takes, so that a crowd still has two connections to wait for.
 */
const togetherMax = 256;
/** Connecting and greeting are four round trips within a region. */
const openMs = 2_000;
const retryFirstMs = 100;
const retryMaxMs = 10_000;
/** A front door without links gets them with its agent's next version: a roll-out takes longer than this. */
const askAgainMs = 60_000;
/** Nobody has asked for this door meanwhile: its links cost both ends a little, and are opened again in milliseconds. */
const idleMs = 60_000;

export interface LinkPoolOptions {
  readonly host: string;
  readonly port: number;
  readonly stamp: string;
  readonly routerId: string;
  readonly key: string | null;
  readonly pastStream: PastStream | null;
  /** A link has ended; `not_spoken`: the front door doesn't know links. */
  readonly onClosed: (fault: LinkFault | 'not_spoken', detail: string) => void;
}

interface Slot {
  link: LinkConnection | null;
  failures: number;
  notBeforeMs: number;
}

/** The smallest is asked. A link whose socket takes no more at the moment counts as crowded. */
const placeOf = ({ streamCount, isCongested }: LinkConnection): number => (streamCount < togetherMax && !isCongested ? 0 : streamCount);

/** The links of one front door. They are opened when they are wanted, and requests never wait for one to open. */
export class LinkPool {
  private readonly slots: Slot[] = Array.from({ length: linksPerDoor }, () => ({ link: null, failures: 0, notBeforeMs: 0 }));
  private readonly links = new Set<LinkConnection>();
  private wantedAtMs = 0;
  private isClosed = false;

  constructor(private readonly options: LinkPoolOptions) {}

  /** The first open link that isn't crowded, else the one with the fewest requests; null: none is open, or all are full. Opens what is missing. */
  pick(nowMs: number): LinkConnection | null {
    this.wantedAtMs = nowMs;
    let best: LinkConnection | null = null;
    for (const slot of this.slots) {
      const { link } = slot;
      if (link === null) this.open(slot, nowMs);
      else if (link.hasRoom && (best === null || placeOf(link) < placeOf(best))) best = link;
    }
    return best;
  }

  /** Requests under way on links. */
  get streamCount(): number {
    return [...this.links].reduce((sum, link) => sum + link.streamCount, 0);
  }

  get blockedCount(): number {
    return [...this.links].reduce((sum, link) => sum + link.blockedCount, 0);
  }

  get openCount(): number {
    return this.links.size;
  }

  /** Lets links go that nobody has wanted for a while. */
  sweep(nowMs: number): void {
    if (nowMs - this.wantedAtMs > idleMs) for (const link of this.links) link.leave();
  }

  /** No new requests; links end with what is under way on them. */
  leave(): void {
    this.isClosed = true;
    for (const link of this.links) link.leave();
  }

  close(): void {
    this.isClosed = true;
    for (const link of [...this.links]) link.close();
  }

  private open(slot: Slot, nowMs: number): void {
    if (this.isClosed || nowMs < slot.notBeforeMs) return;
    const { host, port, stamp, routerId, key, pastStream } = this.options;
    const free = (): void => {
      if (slot.link === link) slot.link = null;
    };
    const link: LinkConnection = new LinkConnection({
      host,
      port,
      stamp,
      routerId,
      key,
      openMs,
      pastStream,
      readBuffer: fieldLines.linkBuffer,
      onOpen: () => (slot.failures = 0),
      // Its place is free for the next one, while what is under way on it ends.
      onLeaving: free,
      onClosed: (fault, detail) => {
        free();
        this.links.delete(link);
        this.rest(slot, fault);
        this.options.onClosed(fault, detail);
      },
    });
    slot.link = link;
    this.links.add(link);
  }

  /** Jitter: many routers lose an agent at the same moment, and shall not come back at the same moment. */
  private rest(slot: Slot, fault: LinkFault | 'not_spoken'): void {
    const pauseMs = fault === 'not_spoken' ? askAgainMs : backOffMs(slot.failures, retryFirstMs, retryMaxMs);
    slot.failures += 1;
    slot.notBeforeMs = performance.now() + (fault === 'closed' ? 0 : pauseMs);
  }
}
