import { createServer, type Server } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { listen } from '../listening.js';
import type { HeldSockets, HolderStart } from './held-sockets.js';

/**
 * A thread that opens listening sockets and then sleeps for good. A server of Node accepts from its loop; this loop never turns again,
 * so that the sockets are open and nobody here accepts from them. Descriptors are the process's: its children get them.
 */
const { places } = workerData as HolderStart;

const open = async (place: HolderStart['places']['http']): Promise<{ readonly fd: number; readonly port: number }> => {
  const server = createServer(() => undefined);
  const port = await listen(server, place);
  return { fd: descriptorOf(server), port };
};

/** Node has no documented way to ask for it. */
const descriptorOf = (server: Server): number => {
  const fd = (server as unknown as { _handle?: { fd?: unknown } })._handle?.fd;
  if (typeof fd !== 'number' || fd < 0) throw new Error('a listening socket has no descriptor here');
  return fd;
};

const held: HeldSockets = { http: await open(places.http), admin: await open(places.admin), tls: places.tls && (await open(places.tls)) };
parentPort!.postMessage(held);
Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0);
