import { lookup } from 'node:dns/promises';
import { createServer, type Server } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { listen } from '../listening.js';
import type { HeldSockets, HolderStart } from './held-sockets.js';

/**
 * A thread that opens listening sockets and then sleeps until it is to close them. A server of Node accepts from its loop; this loop never turns
 * while one is open, so that nobody here accepts from them. Descriptors are the process's: its children get them.
 *
 * It is woken, not terminated: a thread that is terminated in its sleep turns its loop once more, and accepted up to a whole queue of
 * connections that nobody would ever answer.
 */
const { places, asleep } = workerData as HolderStart;

interface Held {
  readonly server: Server;
  readonly fd: number;
  readonly port: number;
}

const open = async (place: HolderStart['places']['http']): Promise<Held> => {
  const server = createServer(() => undefined);
  const port = await listen(server, place);
  return { server, fd: descriptorOf(server), port };
};

/** Node has no documented way to ask for it. */
const descriptorOf = (server: Server): number => {
  const fd = (server as unknown as { _handle?: { fd?: unknown } })._handle?.fd;
  if (typeof fd !== 'number' || fd < 0) throw new Error('a listening socket has no descriptor here');
  return fd;
};

const addressOf = async ({ host, port }: HolderStart['places']['http']): Promise<HolderStart['places']['http']> => ({
  host: (await lookup(host)).address,
  port,
});

// With addresses, listening takes ticks, and no turn of the loop: the first socket takes nothing while the others are opened.
const wanted = await Promise.all([places.http, places.admin, ...(places.tls ? [places.tls] : [])].map(addressOf));
const held = await Promise.all(wanted.map(open));
const [http, admin, tls = null] = held.map(({ fd, port }) => ({ fd, port }));
parentPort!.postMessage({ http: http!, admin: admin!, tls } satisfies HeldSockets);
Atomics.wait(asleep, 0, 1);
// In this turn; a loop of which nothing is open any more ends.
for (const { server } of held) server.close();
