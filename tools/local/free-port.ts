import { createServer } from 'node:net';

/**
 * Ports that we choose lie below the range from which the kernel takes the local ends of outgoing connections (32768 and up on
 * Linux): from there, any connection of any program could hold "our" port at the next start.
 */
const lowest = 20_000;
const highest = 31_999;
const attemptsMax = 200;

/** Whether nobody listens there now. Somebody may still be faster than whoever asked. */
export const isPortFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });

/** A free port of 127.0.0.1 that is not in `taken`. Random, so that two runs at once seldom try the same. */
export const freePort = async (taken: ReadonlySet<number> = new Set()): Promise<number> => {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest + 1));
    if (!taken.has(port) && (await isPortFree(port))) return port;
  }
  throw new Error(`found no free port between ${lowest} and ${highest}`);
};
