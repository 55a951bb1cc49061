import type { AddressInfo, Server } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Where a server listens: an address, or a listening socket that is open in this process already, by its descriptor. Such a
 * socket has other descriptors elsewhere (keeper/): what waits in its queue when this one is closed, others accept.
 */
export type ListenPlace = { readonly host: string; readonly port: number } | { readonly fd: number };

/** As many connections as arrive in a burst while the loop is busy; the kernel caps it by its own limit. */
const backlog = 4096;

/** The port. */
export const listen = async (server: Server, place: ListenPlace): Promise<number> => {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...place, backlog }, () => {
      server.off('error', reject);
      // An accept that fails (too many open files) costs that one connection, not the process.
      server.on('error', () => undefined);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
};

/** Where connections come faster than they are accepted one per turn, the queue never runs empty; then it ends here. */
const queueMsMax = 1_000;
/** The queue is looked at first in a turn, and closed last: a turn with work in it is time for another connection to come. */
const shortTurnMs = 0.2;

/**
 * What waits in a listening socket's queue is reset when its last descriptor is closed. Resolves when a short turn of the loop has
 * accepted nothing: the queue was empty some microseconds ago. `accepted`: how many have been so far.
 */
export const untilQueueIsEmpty = async (accepted: () => number): Promise<void> => {
  const endMs = performance.now() + queueMsMax;
  await nextTurn();
  for (let isEmpty = false, beganMs = performance.now(); !isEmpty && beganMs < endMs;) {
    const seen = accepted();
    // From one check phase to the next there is one poll, in which libuv accepts at most one connection.
    await nextTurn();
    const nowMs = performance.now();
    isEmpty = seen === accepted() && nowMs - beganMs < shortTurnMs;
    beganMs = nowMs;
  }
};
