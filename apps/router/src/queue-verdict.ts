import { closeWait, established, handshake, noInode, type KernelSocket } from './kernel-sockets.js';

/**
 * alone: the queue holds our connections only, and no handshake is under way. others: it may hold somebody else's. handshake: somebody is
 * about to come. unknown: the machine doesn't show its sockets.
 */
export type QueueVerdict = 'alone' | 'others' | 'handshake' | 'unknown';

/** What was closed here has no inode either, and is in none of these: it may wait for its client's end for a minute (FIN_WAIT2). */
const canWait: ReadonlySet<string | undefined> = new Set([established, closeWait]);

/**
 * Of a listening socket that has no room, by the sockets of its port and the ports from which we have filled it. The list is no picture of
 * one moment: a row may be there twice, or be left out, when others of its bucket come or go while it is read (seen once in 100 stops on a busy
 * machine). So rows are not counted: each connection of ours has to be there, and nobody else's.
 */
export const queueVerdict = (sockets: readonly KernelSocket[], ours: ReadonlySet<number | undefined>): QueueVerdict => {
  // The listening one is among them, where they can be seen.
  if (sockets.length === 0) return 'unknown';
  if (sockets.some(({ state }) => state === handshake)) return 'handshake';
  const waiting = sockets.filter(({ state, inode }) => inode === noInode && canWait.has(state));
  const ports = new Set(waiting.map(({ remotePort }) => remotePort));
  return ports.size === ours.size && [...ports].every((port) => ours.has(port)) ? 'alone' : 'others';
};
