import { createServer } from 'node:net';

/**
 * Ports that we choose lie below the range from which the kernel takes the local ends of outgoing connections (32768 and up on
 * Linux): from there, any connection of any program could hold "our" port at the next start. And below those of the local driver's
 * stamps (21000 and up, infra/engine/local-provider/port.ts), which are reserved for longer than somebody listens there.
 */
const lowest = 11_000;
const highest = 20_999;
const attemptsMax = 200;

/**
 * A share of them, as "1/3", for who runs beside others that choose ports too: between the choice and the moment at which somebody
 * listens, and while what listened is started again, a port looks free to everybody.
 */
const shareVariable = 'LAPIDARY_PORT_SHARE';

const rangeOf = (share: string | undefined): { from: number; count: number } => {
  const [, part, parts] = /^(\d+)\/(\d+)$/.exec(share ?? '') ?? [null, '1', '1'];
  const count = Math.floor((highest - lowest + 1) / Number(parts));
  return { from: lowest + ((Number(part) - 1) % Number(parts)) * count, count };
};

/** Whether nobody listens there now. Somebody may still be faster than whoever asked. */
export const isPortFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });

/** A free port of 127.0.0.1 that is not in `taken`. Random, so that two runs at once seldom try the same. */
export const freePort = async (taken: ReadonlySet<number> = new Set(), share = process.env[shareVariable]): Promise<number> => {
  const { from, count } = rangeOf(share);
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const port = from + Math.floor(Math.random() * count);
    if (!taken.has(port) && (await isPortFree(port))) return port;
  }
  throw new Error(`found no free port between ${from} and ${from + count - 1}`);
};
