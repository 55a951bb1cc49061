import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { waitFor } from '@lapidary/kernel/wait-for';
import { Load, type Loss, type Outcome } from '@lapidary/router/keeper/load.fixture';
import { answerBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';

const routerFile = resolve(import.meta.dirname, 'stopping-router.ts');
/** Clients that never cease: half of them with a connection for each request. */
const clients = { short: 4, keepAlive: 4 };
const answersBefore = 300;
const patience = { timeoutMs: 30_000, intervalMs: 5 };

export interface Stop extends Record<Outcome, number> {
  /** Of performance.now() */
  readonly toldMs: number;
  readonly exitedMs: number;
  readonly losses: readonly Loss[];
}

/** For whoever reads a failed run: which connection, when, and how far it was. */
export const lossText = (loss: Loss, { toldMs, exitedMs }: Pick<Stop, 'toldMs' | 'exitedMs'>): string => {
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  const what = loss.answer === '' ? 'before an answer' : `behind ${JSON.stringify(loss.answer)}`;
  const whose = loss.answersBefore > 0 ? `kept connection with ${loss.answersBefore} answers` : 'new connection';
  const end = loss.code === null ? 'closed in order' : loss.code;
  return (
    `lost ${ms(loss.atMs - toldMs)} after SIGTERM (the router's end: ${ms(exitedMs - toldMs)}): ${whose} from port ${loss.localPort}, ${end} ${what}; ` +
    `it took ${ms(loss.connectMs)} to stand, stood for ${ms(loss.connectedForMs)}, the request was under way for ${ms(loss.askedForMs)}`
  );
};

/** One router under load that is told to stop; what became of its clients' requests. */
export const oneStop = async (path: 'fast' | 'general'): Promise<Stop> => {
  const stamp = createServer({ noDelay: true }, (socket) => {
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        text = text.slice(end + 4);
        socket.write(answerBytes('200 OK', [], 'ok'));
      }
    });
  });
  await once(stamp.listen(0, '127.0.0.1'), 'listening');
  const router = fork(routerFile, [path, String((stamp.address() as AddressInfo).port)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  try {
    const [{ port }] = (await once(router, 'message')) as [{ readonly port: number }];
    const load = new Load({ port, ...clients });
    await waitFor('answers', () => load.outcomes.answered > answersBefore || undefined, patience);
    const toldMs = performance.now();
    router.kill('SIGTERM');
    const [code] = (await once(router, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`the router did not stop in order: ${code}`);
    const exitedMs = performance.now();
    return { ...(await load.stop()), toldMs, exitedMs, losses: load.losses };
  } finally {
    router.kill('SIGKILL');
    stamp.close();
  }
};
