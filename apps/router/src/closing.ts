import { readFileSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { setTimeout as sleep, setImmediate as nextTurn } from 'node:timers/promises';

/** Where connections come faster than they are accepted one per turn, the queue never runs empty; then it ends here. */
const queueMsMax = 3_000;
/** A client whose handshake's end met a full queue sends its request again after a fifth of a second. */
const handshakeLookMs = 10;
/**
 * What the queue is shortened to. With fewer handshakes under way than this the kernel keeps each, where it can be seen; beyond it answers
 * with SYN cookies and keeps nothing (tcp_conn_request), and a client behind such an answer is connected while nobody here knows of it.
 */
const backlog = 16;
/** The kernel's queue is full when it holds more than its backlog (sk_acceptq_is_full). */
const places = backlog + 1;

/**
 * Takes what waits in a listening socket's queue, then closes it with nothing in it: the kernel resets whatever is in a queue whose last
 * descriptor is closed, and that are requests already where the client was quick.
 *
 * Looking and then closing leaves a gap of some microseconds, in which one of three stops under load lost a request. So the queue is
 * made short, and all its places filled with connections of our own: then the kernel drops whoever wants in (it asks again,
 * a second later, and somebody else answers, or nobody), and there is no gap. What can't be had is that on a machine that doesn't show its
 * sockets in /proc, or while handshakes over long lines go on for longer than the time.
 */
export const closeWithEmptyQueue = async (server: Server, close = (): void => void server.close()): Promise<void> => {
  const endMs = performance.now() + queueMsMax;
  let accepted = 0;
  server.on('connection', () => (accepted += 1));
  const isShort = shortenQueue(server);
  await nextTurn();
  for (;;) {
    const seen = accepted;
    // From one check phase to the next there is one poll, in which libuv accepts at most one connection.
    await nextTurn();
    const isOver = performance.now() >= endMs;
    if (seen !== accepted && !isOver) continue;
    // Its end finds a place only while we take none.
    if (isShort && !isOver && isHandshaking(server)) {
      await sleep(handshakeLookMs);
      continue;
    }
    const plugs = isShort ? await plugsOf(server) : null;
    const verdict = plugs?.verdict() ?? 'unknown';
    if (verdict !== 'others' || isOver) {
      close();
      plugs?.pull();
      return;
    }
    // In the next polls whoever stands between them, or behind them, is accepted.
    plugs?.pull();
  }
};

/** alone: the queue holds our connections and has no room, and no handshake is under way. others: it may hold somebody else's. */
type Verdict = 'alone' | 'others' | 'unknown';

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
 * accepts; by the time that connect() returns the kernel has made both ends of each.
 */
const plugsOf = async (server: Server): Promise<{ verdict(): Verdict; pull(): void } | null> => {
  const address = server.address();
  if (address === null || typeof address === 'string') return null;
  const { port } = address;
  const host = ownAddress(address.address);
  const sockets = Array.from({ length: places }, () => connect({ host, port, autoSelectFamily: false }).on('error', () => undefined));
  // Where the host is an address, connect() is called on the next tick: still in this turn.
  await new Promise<void>((resolve) => process.nextTick(resolve));
  return {
    verdict: () => verdictOf(port, new Set(sockets.map(({ localPort }) => localPort))),
    pull: () => sockets.forEach((socket) => socket.destroy()),
  };
};

const ownAddress = (listening: string): string => (listening === '0.0.0.0' ? '127.0.0.1' : listening === '::' ? '::1' : listening);

/** As the kernel writes them: `sl local remote st tx:rx tr:when retrnsmt uid timeout inode …`, ports and states in hexadecimal. */
const established = '01';
const handshake = '03';
/** Nobody has accepted it. */
const noInode = '0';

const isHandshaking = (server: Server): boolean => {
  const address = server.address();
  return typeof address === 'object' && address !== null && socketsAt(address.port).some(({ state }) => state === handshake);
};

const verdictOf = (port: number, plugPorts: ReadonlySet<number | undefined>): Verdict => {
  const sockets = socketsAt(port);
  // The listening one is among them, where they can be seen.
  if (sockets.length === 0) return 'unknown';
  if (sockets.some(({ state }) => state === handshake)) return 'others';
  const plugsIn = sockets.filter(({ state, remotePort, inode }) => state === established && plugPorts.has(remotePort) && inode === noInode);
  return plugsIn.length === places ? 'alone' : 'others';
};

interface Listed {
  readonly state: string | undefined;
  readonly remotePort: number;
  readonly inode: string | undefined;
}

/** Sockets of a local port; none where the machine doesn't show any. */
const socketsAt = (port: number): Listed[] =>
  [...rowsOf('/proc/net/tcp'), ...rowsOf('/proc/net/tcp6')].flatMap(([, local = '', remote = '', state, , , , , , inode]) =>
    portOf(local) === port ? [{ state, remotePort: portOf(remote), inode }] : [],
  );

const portOf = (address: string): number => parseInt(address.slice(address.lastIndexOf(':') + 1), 16);

const rowsOf = (file: string): string[][] => {
  try {
    const lines = readFileSync(file, 'latin1').split('\n').slice(1);
    return lines.filter((line) => line !== '').map((line) => line.trim().split(/\s+/));
  } catch {
    // Not Linux, or without IPv6.
    return [];
  }
};
