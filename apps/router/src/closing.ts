import { readFileSync } from 'node:fs';
import { connect, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Where connections come faster than they are accepted one per turn, the queue never runs empty; then it ends here. */
const queueMsMax = 3_000;

/**
 * Takes what waits in a listening socket's queue, then closes it with nothing in it: the kernel resets whatever is in a queue whose last
 * descriptor is closed, and that are requests already where the client was quick.
 *
 * Looking and then closing leaves a gap of some microseconds, in which one of three stops under load lost a request. So the queue is
 * made as short as it gets, and its one place filled with a connection of our own: then the kernel drops whoever wants in (it asks again,
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
    const plug = isShort ? await plugOf(server) : null;
    const verdict = plug?.verdict() ?? 'unknown';
    if (verdict !== 'others' || isOver) {
      close();
      plug?.pull();
      return;
    }
    // In the next poll whoever stands in its place, or behind it, is accepted.
    plug?.pull();
  }
};

/** alone: the queue holds our connection and has no room, and no handshake is under way. others: it may hold somebody else's. */
type Verdict = 'alone' | 'others' | 'unknown';

/** Of a listening socket: what libuv's own listen() takes. */
interface Listening {
  listen(backlog: number): number;
}

/** Listens again on the same socket: its queue has room for one from now on, and keeps what it has. */
const shortenQueue = (server: Server): boolean => {
  const handle = (server as unknown as { _handle?: Partial<Listening> | null })._handle;
  return typeof handle?.listen === 'function' && handle.listen(0) === 0;
};

/**
 * A connection of our own that waits in the queue. It is made, judged and left within one turn of the loop, in which nobody here
 * accepts; by the time that connect() returns the kernel has made both ends of it.
 */
const plugOf = async (server: Server): Promise<{ verdict(): Verdict; pull(): void } | null> => {
  const address = server.address();
  if (address === null || typeof address === 'string') return null;
  const socket: Socket = connect({ host: ownAddress(address.address), port: address.port, autoSelectFamily: false });
  socket.on('error', () => undefined);
  // Where the host is an address, connect() is called on the next tick: still in this turn.
  await new Promise<void>((resolve) => process.nextTick(resolve));
  return { verdict: () => verdictOf(address.port, socket.localPort), pull: () => void socket.destroy() };
};

const ownAddress = (listening: string): string => (listening === '0.0.0.0' ? '127.0.0.1' : listening === '::' ? '::1' : listening);

/** As the kernel writes them: `sl local remote st tx:rx tr:when retrnsmt uid timeout inode …`, ports and states in hexadecimal. */
const established = '01';
const handshake = '03';
/** Nobody has accepted it. */
const noInode = '0';

const verdictOf = (port: number, plugPort: number | undefined): Verdict => {
  const rows = [...rowsOf('/proc/net/tcp'), ...rowsOf('/proc/net/tcp6')];
  if (rows.length === 0) return 'unknown';
  let isIn = false;
  for (const [, local = '', remote = '', state = '', , , , , , inode] of rows) {
    if (portOf(local) !== port) continue;
    if (state === handshake) return 'others';
    if (state === established && portOf(remote) === plugPort && inode === noInode) isIn = true;
  }
  return isIn ? 'alone' : 'others';
};

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
