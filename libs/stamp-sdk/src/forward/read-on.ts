import type { Socket } from 'node:net';

type Told = (error?: Error | null) => void;

const readingOn = new WeakSet<Socket>();

/** Nothing more can be sent: the other end has closed. */
const isOtherEndClosed = (error: Error): boolean => ['EPIPE', 'ECONNRESET'].includes((error as NodeJS.ErrnoException).code ?? '');

/**
 * From now on a write that fails does not end the socket at once, which is what Node does with it: an upstream that answers before it has
 * the whole request, and closes, has its answer in our kernel by then, and what is not read yet would be lost with the socket
 * (RFC 9112 §9.5). The failure is told when all has been read; until then the write is unfinished, so that nobody takes the request for sent.
 */
export const readOnAfterFailedWrites = (socket: Socket): void => {
  if (readingOn.has(socket)) return;
  readingOn.add(socket);
  const afterReads =
    (told: Told): Told =>
    (error) => {
      if (!error || !isOtherEndClosed(error) || socket.readableEnded) told(error);
      else socket.once('end', () => told(error));
    };
  // What Duplex calls for each write, node:net's and node:tls' alike.
  const { _write: write, _writev: writev } = socket;
  socket._write = (chunk, encoding, told) => write.call(socket, chunk, encoding, afterReads(told));
  if (writev) socket._writev = (chunks, told) => writev.call(socket, chunks, afterReads(told));
};
