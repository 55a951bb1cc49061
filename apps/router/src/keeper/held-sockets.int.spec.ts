import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { SocketHolder } from './held-sockets.js';

const built = new URL('../../dist/keeper/socket-holder.js', import.meta.url);
const here = { host: '127.0.0.1', port: 0 };
/** A thread that was terminated accepted half of what waited. */
const times = 6;
const clients = 20;

/** What became of a connection that waits in a queue: the kernel resets it with its socket; whoever had accepted it would end it in order. */
const endOf = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    socket.on('end', () => resolve('ended in order'));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });

it('accepts nothing, neither while it holds nor at its end: what waits in the queue is for others (K1, K5)', async () => {
  const ends = new Map<string, number>();
  for (let i = 0; i < times; i += 1) {
    const holder = await SocketHolder.open({ http: here, admin: here, tls: here }, built);
    const { port } = holder.sockets.http;
    const sockets = Array.from({ length: clients }, () => connect(port, here.host));
    const ended = sockets.map(endOf);
    await Promise.all(sockets.map((socket) => new Promise((resolve) => void socket.once('connect', resolve))));
    await sleep(1);
    await holder.close();
    for (const end of await Promise.all(ended)) ends.set(end, (ends.get(end) ?? 0) + 1);
    sockets.forEach((socket) => socket.destroy());
  }
  expect(Object.fromEntries(ends)).toEqual({ ECONNRESET: times * clients });
});
