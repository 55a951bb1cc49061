import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What it does with a request, by its path; times are as short as they can be and still come between the bytes of others. */
const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi';
const answer = (status: string, body = 'ok'): string => `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const large = 'x'.repeat(2_000_000);

type Fault = (socket: Socket, someMs: () => number) => unknown;
/** These don't wait for the body. */
const atHead: Readonly<Record<string, Fault>> = {
  '/early': (socket) => socket.end(`HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno`),
  '/reset': (socket) => socket.resetAndDestroy(),
  '/half-head': async (socket, someMs) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Le');
    await sleep(someMs());
    socket.end();
  },
  '/hangs': () => undefined,
  '/ws-hangs': () => undefined,
  '/ws-reset': async (socket, someMs) => {
    socket.write(switching);
    await sleep(someMs());
    socket.resetAndDestroy();
  },
  '/ws-ends': async (socket, someMs) => {
    socket.write(switching);
    await sleep(someMs());
    socket.end();
  },
  '/ws': (socket) => socket.write(switching),
};
const behindBody: Readonly<Record<string, Fault>> = {
  '/cut': async (socket, someMs) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nxx');
    await sleep(someMs());
    socket.resetAndDestroy();
  },
  '/closes': (socket) => socket.end(answer('200 OK')),
  '/slow-500': async (socket, someMs) => {
    await sleep(someMs());
    socket.write(answer('500 Internal Server Error'));
  },
  '/503': (socket) => socket.write(answer('503 Service Unavailable')),
  '/large': (socket) => socket.write(answer('200 OK', large)),
  '/stray': (socket) => socket.write(`${answer('200 OK')}stray`),
  '/slow': async (socket, someMs) => {
    await sleep(someMs());
    socket.write(answer('200 OK'));
  },
  '/ok': (socket) => socket.write(answer('200 OK')),
};
export const faultyPaths: readonly string[] = [...Object.keys(atHead), ...Object.keys(behindBody)];

export interface FaultyWorkload {
  readonly url: string;
  close(): Promise<void>;
}

/** Does what the path of a request says, most of it badly. */
export const startFaultyWorkload = async (someMs: () => number): Promise<FaultyWorkload> => {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.on('end', () => socket.end());
    let bytes = '';
    let isTaken = false;
    socket.on('data', (chunk) => {
      if (isTaken) return;
      bytes += chunk.toString('latin1');
      for (let end = bytes.indexOf('\r\n\r\n'); end >= 0; end = bytes.indexOf('\r\n\r\n')) {
        const head = bytes.slice(0, end);
        const path = head.split(' ', 2)[1]!;
        const early = atHead[path];
        isTaken = early !== undefined;
        if (early) return void early(socket, someMs);
        const whole = end + 4 + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
        if (bytes.length < whole) return;
        bytes = bytes.slice(whole);
        void behindBody[path]?.(socket, someMs);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
