import { connect, type AddressInfo, type Server } from 'node:net';
import { setTimeout as sleep, setImmediate as nextTurn } from 'node:timers/promises';
import { backlogOf, socketsAt } from './kernel-sockets.js';
import { countdown } from './leave.js';
import { isLastToAccept } from './listening.js';
import { queueVerdict, type QueueVerdict } from './queue-verdict.js';

/**
 * Where connections come faster than they are accepted one per turn, the queue never runs empty; then it ends here. On a machine that has
 * ten times as much to do as it can, one look takes a second, and three were enough.
 */
export const queueMsMax = 8_000;
/** A client whose handshake's end met a full queue sends its request again after a fifth of a second. */
const handshakeLookMs = 10;
/**
 * What the queue is shortened to. With fewer handshakes under way than this the kernel keeps each, where it can be seen; beyond it answers
 * with SYN cookies and keeps nothing (tcp_conn_request), and a client behind such an answer is connected while nobody here knows of it.
 */
const backlog = 16;
/** The kernel's queue is full when it holds more than its backlog (sk_acceptq_is_full). */
const places = backlog + 1;
/** Where the kernel has put its work on packets off (ksoftirqd), it is done when another thread has had the processor. */
const plugsMsMax = 50;

/**
 * Takes what waits in a listening socket's queue, then closes it with nothing in it: the kernel resets whatever is in a queue whose last
 * descriptor is closed, and that are requests already where the client was quick.
 *
 * Looking and then closing leaves a gap of some microseconds, in which one of three stops under load lost a request. So the queue is
 * made short, and all its places filled with connections of our own: then the kernel drops whoever wants in (it asks again,
 * a second later, and somebody else answers, or nobody), and there is no gap. Q1–Q3 hold while this is judged:
 * - Q1 The queue is filled in the turn in which it ran empty; nothing that takes time stands between.
 * - Q2 The kernel's sockets are looked at only when it says that the queue is full: a look takes long on a busy machine, and who comes behind it has not
 *   been seen.
 * - Q3 The queue holds as many as before when the look is over, and all of them are ours.
 *
 * Where others accept from the same socket it is closed at once: they take what waits, and would take connections of ours, too.
 *
 * What can't be had is that on a machine that doesn't show its sockets in /proc, or while handshakes over long lines go on for longer
 * than the time, which is `msMax` or queueMsMax, if that is less.
 */
export const closeWithEmptyQueue = async (server: Server, msMax: number, close = (): void => void server.close()): Promise<void> => {
  if (!isLastToAccept(server)) return close();
  const left = countdown(Math.min(msMax, queueMsMax));
  let accepted = 0;
  server.on('connection', () => (accepted += 1));
  const isShort = shortenQueue(server);
  await nextTurn();
  for (;;) {
    const seen = accepted;
    // From one check phase to the next there is one poll, in which libuv accepts at most one connection.
    await nextTurn();
    const isOver = left() === 0;
    if (seen !== accepted && !isOver) continue;
    const plugs = isShort ? await plugsOf(server) : null;
    const verdict = plugs?.verdict() ?? 'unknown';
    if (verdict === 'alone' || verdict === 'unknown' || isOver) {
      close();
      plugs?.pull();
      return;
    }
    // In the next polls whoever stands between them, or behind them, is accepted.
    plugs?.pull();
    // Its end finds a place only while we take none.
    if (verdict === 'handshake') await sleep(handshakeLookMs);
  }
};

/** Of a listening socket: what libuv's own listen() takes. */
interface Listening {
  listen(backlog: number): number;
}

/** Listens again on the same socket: its queue has that many places from now on, and keeps what it has. */
const shortenQueue = (server: Server): boolean => {
  const handle = (server as unknown as { _handle?: Partial<Listening> | null })._handle;
  return typeof handle?.listen === 'function' && handle.listen(backlog) === 0;
};

/**
 * Connections of our own that wait in the queue. They are made, judged and left within one turn of the loop, in which nobody here
 * accepts; by the time that connect() returns the kernel has made both ends of each, or soon will.
 */
const plugsOf = async (server: Server): Promise<{ verdict(): QueueVerdict; pull(): void } | null> => {
  const address = server.address();
  if (address === null || typeof address === 'string') return null;
  const { port } = address;
  const host = ownAddress(address.address);
  const sockets = Array.from({ length: places }, () => connect({ host, port, autoSelectFamily: false }).on('error', () => undefined));
  // Where the host is an address, connect() is called on the next tick: still in this turn.
  await new Promise<void>((resolve) => process.nextTick(resolve));
  return {
    verdict: () => verdictOf(address, new Set(sockets.map(({ localPort }) => localPort))),
    pull: () => sockets.forEach((socket) => socket.destroy()),
  };
};

const ownAddress = (listening: string): string => (listening === '0.0.0.0' ? '127.0.0.1' : listening === '::' ? '::1' : listening);

const verdictOf = (address: AddressInfo, plugPorts: ReadonlySet<number | undefined>): QueueVerdict => {
  const queued = filled(address);
  if (queued === null) return 'unknown';
  if (queued !== places) return 'others';
  const verdict = queueVerdict(socketsAt(address), plugPorts);
  return verdict === 'alone' && backlogOf(address) !== places ? 'others' : verdict;
};

const clock = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** What the queue holds when it is full, or doesn't become so; this thread sleeps meanwhile, since a turn of its loop would accept. */
const filled = (address: AddressInfo): number | null => {
  const endMs = performance.now() + plugsMsMax;
  for (;;) {
    const queued = backlogOf(address);
    if (queued === null || queued >= places || performance.now() >= endMs) return queued;
    Atomics.wait(clock, 0, 0, 1);
  }
};
