import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { waitFor } from '@lapidary/kernel/wait-for';
import { Load, type Outcome } from '@lapidary/router/keeper/load.fixture';
import { answerBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';

const routerFile = resolve(import.meta.dirname, 'stopping-router.ts');
/** Clients that never cease: half of them with a connection for each request. */
const clients = { short: 4, keepAlive: 4 };
const answersBefore = 300;
const patience = { timeoutMs: 30_000, intervalMs: 5 };

/** One router under load that is told to stop; what became of its clients' requests. */
export const oneStop = async (path: 'fast' | 'general'): Promise<Record<Outcome, number>> => {
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
    router.kill('SIGTERM');
    await once(router, 'exit');
    return await load.stop();
  } finally {
    router.kill('SIGKILL');
    stamp.close();
  }
};
