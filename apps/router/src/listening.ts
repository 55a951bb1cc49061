import type { AddressInfo, Server } from 'node:net';

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
