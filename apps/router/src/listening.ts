import type { AddressInfo, Server } from 'node:net';

/**
 * Where a server listens: an address, or a listening socket that is open in this process already, by its descriptor. Such a
 * socket has other descriptors elsewhere (keeper/): what waits in its queue when this one is closed, others accept, unless `isLast` says that
 * there are none.
 */
export type ListenPlace = { readonly host: string; readonly port: number } | { readonly fd: number; readonly isLast?: () => boolean };

const lastOf = new WeakMap<Server, () => boolean>();

/** Asked once, in the turn in which a server closes its descriptor: whether nobody else accepts from the socket. */
export const isLastToAccept = (server: Server): boolean => lastOf.get(server)?.() ?? true;

/** As many connections as arrive in a burst while the loop is busy; the kernel caps it by its own limit. */
const backlog = 4096;

/** The port. */
export const listen = async (server: Server, place: ListenPlace): Promise<number> => {
  if ('fd' in place && place.isLast) lastOf.set(server, place.isLast);
  const where = 'fd' in place ? { fd: place.fd } : place;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...where, backlog }, () => {
      server.off('error', reject);
      // An accept that fails (too many open files) costs that one connection, not the process.
      server.on('error', () => undefined);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
};
