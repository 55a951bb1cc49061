import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '@lapidary/kernel/wait-for';
import { freePort, isPortFree } from '@lapidary/tools/local/free-port';
import type { MemoryHeld } from '../../../bench/router/memory-held.ts';
import { abortingClient, hangingClient, noisyClient, slowClient, steadyClient, type Tally } from './clients.ts';
import { grownMegabytes, type Held } from './growth.ts';

export interface SoakResult {
  readonly requests: number;
  readonly failures: readonly string[];
  /** Growth of the warm router, in megabytes, by what it held after a collection at each look: live objects, and the rest. */
  readonly grownLive: number;
  readonly grownOther: number;
  /** At each look, the first of which are warm-up. */
  readonly held: readonly Held[];
  /** Open files at the end, when every client has gone, beyond those before the first one. */
  readonly handlesLeft: number;
  /** Statuses that the noisy tenant got. */
  readonly noisy: Readonly<Record<string, number>>;
}

const root = resolve(import.meta.dirname, '../../..');
const tenants = 500;
/** Of each kind; two processes on two cores serve them without saturating. */
const counts = { steady: 12, noisy: 4, hanging: 8, slow: 6, aborting: 4 };
const bigBytes = 400_000;
const changesPerSecond = 1_000;
/** The longest that a connection which nobody uses is kept, and a little. */
const letGoMs = 75_000;
/**
 * What is held after a collection breathes by a megabyte with the answers that are on their way, the runtime's own part by some more
 * while its compilers still find something to do. A leak of 100 bytes a request is 20 MB in the 200,000 requests of ten slow minutes.
 */
export const grownMax = { live: 6, other: 12 };
/** The runtime opens some for itself meanwhile. */
export const handlesLeftMax = 8;

const listen = (server: Server): Promise<number> =>
  new Promise((done) => server.listen(0, '127.0.0.1', () => done((server.address() as AddressInfo).port)));

const handles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;
/** Enough for a median of slopes among those behind the warm-up. */
const looks = 24;
const noiseMs = 60_000;
const mebibyte = 1024 * 1024;

const lookAt = async (router: ChildProcess, requests: number): Promise<Held> => {
  router.send('memory?');
  const [{ live, other, stalledMs }] = (await once(router, 'message')) as [MemoryHeld];
  const megabytes = (bytes: number): number => Number((bytes / mebibyte).toFixed(1));
  return { requests, liveMegabytes: megabytes(live), otherMegabytes: megabytes(other), stalledMs };
};

/**
 * A router process for a while among a directory that changes, a stamp that hangs, a noisy tenant, clients that are slow both
 * ways and clients that go away at any moment. Gives what the well-behaved ones saw, and what was left behind.
 */
export const soak = async (seconds: number): Promise<SoakResult> => {
  const big = 'x'.repeat(bigBytes);
  const stamp = createHttpServer((request, response) => void response.end(request.url === '/big' ? big : `seen ${request.url}`));
  stamp.keepAliveTimeout = 120_000;
  const hanging = createServer((socket) => void socket.on('error', () => undefined).resume());
  const [stampPort, hangingPort, port] = [await listen(stamp), await listen(hanging), await freePort()];
  const args = ['fast', port, stampPort, tenants, changesPerSecond, hangingPort].map(String);
  const router = fork(join(root, 'bench/router/our-router.ts'), args, {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const pid = router.pid!;
  const stop = new AbortController();
  try {
    await waitFor('the router to listen', async () => !(await isPortFree(port)) || undefined, { timeoutMs: 60_000 });
    const handlesBefore = handles(pid);
    const tally: Tally = { requests: 0, failures: [] };
    const noisy = new Map<string, number>();
    const { signal } = stop;
    const many = (count: number, start: (i: number) => Promise<void>): Promise<void>[] => Array.from({ length: count }, (_, i) => start(i));
    const clients = [
      ...many(counts.steady, (i) => steadyClient(port, i, tenants, signal, tally)),
      ...many(counts.noisy, () => noisyClient(port, signal, noisy)),
      ...many(counts.hanging, () => hangingClient(port, signal)),
      ...many(counts.slow, (i) => slowClient(port, signal, i % 2 === 0 ? 'writes' : 'reads')),
      ...many(counts.aborting, (i) => abortingClient(port, i, signal)),
    ];
    const held: Held[] = [];
    const all = (): number => tally.requests + [...noisy.values()].reduce((sum, count) => sum + count, 0);
    for (let i = 0; i < looks; i++) {
      await sleep((seconds * 1000) / looks);
      held.push(await lookAt(router, all()));
    }
    // Until it has once had a moment in which it could be noisy: a machine that gives all of this next to nothing may keep it within its limit.
    await waitFor('the noisy tenant to be refused', () => noisy.get('429'), { timeoutMs: noiseMs }).catch(() => undefined);
    stop.abort();
    await Promise.all(clients);
    // Idle connections to stamps are kept for half a minute; then nothing may be left.
    const left = (): number => handles(pid) - handlesBefore;
    await waitFor('the connections to be let go', () => left() <= handlesLeftMax || undefined, { timeoutMs: letGoMs }).catch(
      () => undefined,
    );
    const { requests, failures } = tally;
    return {
      requests,
      failures,
      grownLive: grownMegabytes(held, 'liveMegabytes'),
      grownOther: grownMegabytes(held, 'otherMegabytes'),
      held,
      handlesLeft: left(),
      noisy: Object.fromEntries(noisy),
    };
  } finally {
    stop.abort();
    router.kill('SIGKILL');
    hanging.close();
    stamp.close();
    stamp.closeAllConnections();
  }
};
