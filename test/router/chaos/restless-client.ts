import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { asksForUpgrade, requestBytes } from '@lapidary/router/traffic.fixture';
import type { Random } from '../run/random.ts';
import { faultyPaths } from './faulty-workload.ts';

const ways = ['stays', 'resets', 'leaves', 'ends its side', 'reads late', 'sends half'] as const;
const largeBodyBytes = 200_000;
/** Longer than anything here lasts. */
const patienceMs = 20_000;

export interface Asked {
  readonly what: string;
  /** Its connection came to an end while it waited. */
  readonly hasEnded: boolean;
  /** It may have been gone before anybody has read what it asked. */
  readonly hasLeft: boolean;
}

/** One request on a connection of its own, by a client that behaves as it likes. */
export const askSomehow = async (port: number, tenant: string, { below: some, pick }: Random): Promise<Asked> => {
  const path = pick(faultyPaths);
  const isTunnel = path.startsWith('/ws');
  const way = pick(ways);
  const body = isTunnel || some(3) > 0 ? '' : 'x'.repeat(some(3) === 0 ? largeBodyBytes : 10);
  const fields = [`Host: ${tenant}.lapidary.localhost`, ...(isTunnel ? asksForUpgrade : ['Connection: close'])];
  if (body !== '' && some(4) === 0) fields.push('Expect: 100-continue');
  const bytes = requestBytes(body === '' ? 'GET' : 'POST', path, fields, body);
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => undefined);
  const over = new Promise<true>((resolve) => void socket.once('close', () => resolve(true)).once('end', () => resolve(true)));
  socket.on('data', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(way === 'sends half' ? bytes.slice(0, bytes.length - Math.min(5, body.length)) : bytes);
  if (way === 'ends its side') socket.end();
  if (way === 'reads late') socket.pause();
  if (way !== 'stays' && way !== 'ends its side') await sleep(some(60));
  if (way === 'resets' || way === 'sends half') socket.resetAndDestroy();
  if (way === 'leaves') socket.destroy();
  socket.resume();
  // Nobody but a client ends a tunnel that is well.
  if (path === '/ws') socket.end();
  const hasEnded = await Promise.race([over, sleep(patienceMs, false, { ref: false })]);
  socket.destroy();
  return { what: `${way} at ${path}`, hasEnded, hasLeft: ['resets', 'leaves', 'sends half'].includes(way) };
};
