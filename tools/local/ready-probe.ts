import { connect } from 'node:net';
import pg from 'pg';

/** How one finds out that a process serves. */
export type ReadyProbe =
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'postgres'; readonly url: string }
  | { readonly kind: 'nats'; readonly host: string; readonly port: number }
  /** For programs that say nothing by themselves: somebody listens. */
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** A probe that takes longer is a "no"; the next one follows soon. */
const probeTimeoutMs = 2000;

const httpAnswers = async (url: string): Promise<boolean> => {
  const response = await fetch(url, { signal: AbortSignal.timeout(probeTimeoutMs), redirect: 'manual' });
  await response.body?.cancel();
  return response.status === 200;
};

const postgresAnswers = async (url: string): Promise<boolean> => {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: probeTimeoutMs, query_timeout: probeTimeoutMs });
  // A server that is killed while we ask emits an error of its own; the answer is "no" either way.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } finally {
    await client.end().catch(() => undefined);
  }
};

/** A NATS server greets every connection with INFO. */
const natsGreets = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port, timeout: probeTimeoutMs });
    const answer = (yes: boolean) => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('data', (chunk) => answer(chunk.toString('latin1').startsWith('INFO ')));
    socket.once('error', () => answer(false));
    socket.once('timeout', () => answer(false));
    socket.once('close', () => answer(false));
  });

const listens = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port, timeout: probeTimeoutMs });
    const answer = (yes: boolean) => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
    socket.once('timeout', () => answer(false));
  });

/** Asks once. Never throws: whatever goes wrong means "not ready". */
export const isReady = async (probe: ReadyProbe): Promise<boolean> => {
  try {
    switch (probe.kind) {
      case 'http':
        return await httpAnswers(probe.url);
      case 'postgres':
        return await postgresAnswers(probe.url);
      case 'nats':
        return await natsGreets(probe.host, probe.port);
      case 'tcp':
        return await listens(probe.host, probe.port);
    }
  } catch {
    return false;
  }
};
