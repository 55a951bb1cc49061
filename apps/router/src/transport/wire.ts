import type { Duplex } from 'node:stream';
import type { PastStream } from '@lapidary/stamp-sdk/link/link-socket';
import type { Chunk } from '../engine/upstream-lane.js';
import type { ListenPlace } from '../listening.js';
import type { Tier } from './raw-tier.js';
import type { Slab } from './slab.js';

/**
 * One TCP connection as the engine sees it. Contract of every transport (the contract suite holds them to it):
 * 1. No handler is ever called from within a call of Wire or Transport: errors of a write come later, as onClose.
 * 2. onClose comes once, as the last call; after destroy(), reset() and handOver() nothing comes at all.
 * 3. Reads are told in order, and none after pauseReads() until resumeReads(); onEnd is told once.
 * 4. What was written arrives in order or the connection closes; writes after end() or the close are dropped silently.
 */
export interface Wire {
  /** The peer's address; "" where it is not known (any more). */
  readonly remoteAddress: string;
  /** Text is latin1; a buffer is not to be changed any more. false: much is waiting, onDrain follows when it has gone. */
  write(chunk: Chunk): boolean;
  /** As write of what is in it; it is the wire's from now on, and given back as soon as nothing reads from it any more. */
  writeSlab(slab: Slab): boolean;
  /** Whether written bytes wait for the peer to read. */
  readonly isCongested: boolean;
  /** Written, and not the kernel's yet: destroy() loses it. */
  readonly unsentBytes: number;
  pauseReads(): void;
  resumeReads(): void;
  /** As pauseReads, for good: not even ahead, as a stream of Node does (I3). */
  leaveUnread(): void;
  /** Closes our sending side behind what was written; reads go on. */
  end(): void;
  /** Closes at once and for good. */
  destroy(): void;
  /** As destroy, with a reset: the peer can't take what it has got for whole. */
  reset(): void;
  /** Gives the connection up to somebody who wants a stream, `unread` being its next bytes. It may be paused. */
  handOver(unread: Buffer): Duplex;
}

export interface WireHandler {
  /** An outgoing connection is there. */
  onConnect?(): void;
  /** bytes[0 … length) are good during the call only: every connection reads into the same buffer. */
  onRead(bytes: Buffer, length: number): void;
  /** The peer has closed its sending side. */
  onEnd(): void;
  onDrain(): void;
  /** `error`: code of what broke the connection, or null. */
  onClose(error: string | null): void;
}

/** For what arrives before there is a handler, and behind the end. */
export const nobody: WireHandler = {
  onRead: () => undefined,
  onEnd: () => undefined,
  onDrain: () => undefined,
  onClose: () => undefined,
};

export interface Listener {
  readonly port: number;
  /** Accepts what has come within `msMax`, then nothing more; connections that are there go on. */
  close(msMax: number): Promise<void>;
}

export interface Transport {
  readonly name: string;
  /** What its wires are; known once it listens. */
  readonly tier: Tier;
  /** For sockets that are no wires of it, once it listens; null: not known to work. */
  readonly pastStream: PastStream | null;
  /** What it has to find out before it connects; listen() does it by itself. */
  prepare(): Promise<void>;
  /** `accept` gives the handler of a new connection; reads begin behind it. */
  listen(place: ListenPlace, accept: (wire: Wire) => WireHandler): Promise<Listener>;
  /** Writes before onConnect are not allowed. */
  connect(host: string, port: number, handler: WireHandler): Wire;
}
