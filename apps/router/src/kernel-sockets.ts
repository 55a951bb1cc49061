import { closeSync, openSync, readSync } from 'node:fs';
import type { AddressInfo } from 'node:net';

/**
 * TCP sockets of this machine as Linux shows them in /proc/net/tcp (proc_net_tcp.txt of its documentation): `sl local remote st tx:rx tr:when
 * retrnsmt uid timeout inode …`, ports and states in hexadecimal; those that listen come first, with the length of their queue as `rx`.
 */
export interface KernelSocket {
  readonly state: string | undefined;
  readonly remotePort: number;
  readonly inode: string | undefined;
  /** Sent, and not yet said to have come; our end, where it is closed, is one. */
  readonly underWayBytes: number;
}

export const established = '01';
export const handshake = '03';
/** Its client has ended its side. */
export const closeWait = '08';
export const listening = '0A';
/** Nobody has accepted it, or whoever had it has closed it. */
export const noInode = '0';

type Place = Pick<AddressInfo, 'port' | 'family'>;

/** Sockets of a local port; none where the machine doesn't show any. One that listens with IPv6 may have some of both kinds. */
export const socketsAt = ({ port, family }: Place): KernelSocket[] =>
  (family === 'IPv6' ? ['/proc/net/tcp6', '/proc/net/tcp'] : ['/proc/net/tcp'])
    .flatMap((file) => rowsOf(file, port, false))
    .map(kernelSocket);

/** Of a listening socket: how many connections wait for somebody to accept them. null: the machine doesn't show it. */
export const backlogOf = ({ port, family }: Place): number | null => {
  const rows = rowsOf(family === 'IPv6' ? '/proc/net/tcp6' : '/proc/net/tcp', port, true);
  const [, , , , queues] = rows.find(([, , , state]) => state === listening) ?? [];
  return queues === undefined ? null : parseInt(queues.slice(queues.indexOf(':') + 1), 16);
};

/** Of one connection, and those of other machines with the same port: bytes that the other end's kernel has not got yet; 0 where the machine doesn't show it. */
export const underWayTo = (place: Place, remotePort: number): number =>
  socketsAt(place).reduce((sum, socket) => sum + (socket.remotePort === remotePort ? socket.underWayBytes : 0), 0);

/** Ports of other ends of connections at a local port, to which bytes are under way; none where the machine doesn't show it. One look for all of them. */
export const portsOwed = (place: Place): ReadonlySet<number> =>
  new Set(socketsAt(place).flatMap(({ underWayBytes, remotePort }) => (underWayBytes > 0 ? [remotePort] : [])));

const kernelSocket = ([, , remote = '', state, queues = '', , , , , inode]: string[]): KernelSocket => ({
  state,
  remotePort: portOf(remote),
  inode,
  underWayBytes: parseInt(queues, 16) || 0,
});
const portOf = (address: string): number => parseInt(address.slice(address.lastIndexOf(':') + 1), 16);

/** The kernel gives whole rows, at most a page at once. */
const page = Buffer.alloc(4_096);

/**
 * Of the table, which has thousands of rows on a busy machine, only those that name the port are made text and taken apart: what is left is the
 * kernel's work. `onlyFirst`: up to the page with the first of them.
 */
const rowsOf = (file: string, port: number, onlyFirst: boolean): string[][] => {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  const rows: string[][] = [];
  let fd: number | null = null;
  try {
    fd = openSync(file, 'r');
    for (let bytes = readSync(fd, page); bytes > 0; bytes = readSync(fd, page)) {
      const found = page.subarray(0, bytes);
      if (!found.includes(wanted, 0, 'latin1')) continue;
      const lines = found
        .toString('latin1')
        .split('\n')
        .filter((line) => line.includes(wanted));
      rows.push(...lines.map((line) => line.trim().split(/\s+/)).filter(([, local = '']) => portOf(local) === port));
      if (onlyFirst && rows.length > 0) break;
    }
  } catch {
    // Not Linux, or without IPv6.
  } finally {
    if (fd !== null) closeSync(fd);
  }
  return rows;
};
