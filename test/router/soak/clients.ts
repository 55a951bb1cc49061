import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomFrom } from '../run/random.ts';

/** One kind of client; runs until told to stop. */
export interface Tally {
  requests: number;
  /** Anything but a whole 200 of one's own. */
  failures: string[];
}

/** A whole answer of the router's own: its detail says why. */
const failureCharsMax = 700;

const requestFor = (tenant: string, path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${tenant}.lapidary.localhost\r\nUser-Agent: soak\r\n\r\n`;

const open = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });

/** Sends one request and gives the whole answer, by its Content-Length; rejects where the connection ends first. */
const exchange = (socket: Socket, bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = '';
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end < 0 || text.length < end + 4 + Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)) return;
      stop();
      resolve(text);
    };
    const onClose = (): void => {
      stop();
      reject(new Error(`closed behind ${JSON.stringify(text.slice(0, 100))}`));
    };
    const stop = (): void => void socket.off('data', onData).off('close', onClose);
    socket.on('data', onData).on('close', onClose);
    socket.write(bytes);
  });

/** A connection that asks again and again for tenants of the good stamp, and must always get its own answer. */
export const steadyClient = async (port: number, seed: number, tenants: number, stop: AbortSignal, tally: Tally): Promise<void> => {
  const random = randomFrom(seed);
  const socket = await open(port);
  for (let i = 0; !stop.aborted; i++) {
    const path = `/s${seed}-${i}`;
    try {
      const answer = await exchange(socket, requestFor(`t${random.below(tenants)}`, path));
      tally.requests += 1;
      if (!answer.startsWith('HTTP/1.1 200') || !answer.endsWith(`seen ${path}`)) tally.failures.push(answer.slice(0, failureCharsMax));
    } catch (error) {
      tally.failures.push((error as Error).message);
      break;
    }
    // As a user's browser, not as a load generator: what is looked for is errors and growth.
    if (random.below(4) === 0) await sleep(random.below(5));
  }
  socket.destroy();
};

/** Sends far more than its limit allows; 429 is what it should get. */
export const noisyClient = async (port: number, stop: AbortSignal, statuses: Map<string, number>): Promise<void> => {
  while (!stop.aborted) {
    const socket = await open(port).catch(() => null);
    try {
      for (let i = 0; socket && i < 200 && !stop.aborted; i++) {
        const answer = await exchange(socket, requestFor('noisy', '/noise'));
        const status = answer.slice(9, 12);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    } catch {
      // It may be cut off.
    }
    socket?.destroy();
    await sleep(10);
  }
};

/** Holds requests to the stamp that never answers. */
export const hangingClient = async (port: number, stop: AbortSignal): Promise<void> => {
  while (!stop.aborted) {
    const socket = await open(port).catch(() => null);
    socket?.write(requestFor('hanging', '/'));
    socket?.resume();
    await sleep(2_000);
    socket?.destroy();
  }
};

/** A head a byte at a time, and an answer that is never read. */
export const slowClient = async (port: number, stop: AbortSignal, kind: 'writes' | 'reads'): Promise<void> => {
  while (!stop.aborted) {
    const socket = await open(port).catch(() => null);
    if (!socket) continue;
    const bytes = requestFor('t1', '/big');
    if (kind === 'reads') socket.pause();
    if (kind === 'reads') socket.write(bytes.repeat(8));
    for (let i = 0; i < bytes.length && !stop.aborted && !socket.destroyed; i++) {
      if (kind === 'writes') socket.write(bytes[i]!);
      await sleep(50);
    }
    socket.destroy();
  }
};

/** Goes away at any moment: before, in and behind its request, and in the answer. */
export const abortingClient = async (port: number, seed: number, stop: AbortSignal): Promise<void> => {
  const random = randomFrom(seed);
  while (!stop.aborted) {
    const socket = await open(port).catch(() => null);
    const bytes = requestFor('t2', random.below(2) === 0 ? '/big' : '/small');
    socket?.write(bytes.slice(0, random.below(bytes.length * 2)));
    if (random.below(2) === 0) await sleep(random.below(20));
    if (random.below(2) === 0) socket?.resetAndDestroy();
    else socket?.destroy();
    await sleep(random.below(10));
  }
};
