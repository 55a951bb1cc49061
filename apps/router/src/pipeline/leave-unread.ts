import type { IncomingMessage } from 'node:http';
import { lingerMs } from '../last-bytes.js';

/** What a request over HTTP/2 brings along, whose stream is one of many of its connection (http2/dress-request.ts). */
export interface OfStream {
  readonly leaveUnread?: () => void;
  /** Its connection's clients may send bodies from now on. */
  letBodiesCome?: () => void;
}

/** Until it is known whose request this is, nothing is read behind its head (I3); leaveUnread or letBodiesCome ends that. */
export const holdBodies = (request: IncomingMessage & OfStream): void => {
  // Its streams have no window yet.
  if (request.letBodiesCome) return;
  const { socket, _read: read } = request;
  request._read = () => undefined;
  socket.pause();
  request.letBodiesCome = () => {
    request._read = read;
    socket.resume();
  };
};

/**
 * Nothing more is read from the connection of this request, from this turn on, and it ends with the answer (I3). What the kernel had handed over together with its head, 64 KiB
 * at the most, is in the parser already, and is dropped with it.
 */
export const leaveUnread = (request: IncomingMessage): void => {
  const own = (request as OfStream).leaveUnread;
  if (own) return own();
  const { socket } = request;
  // Node reads on by itself: ahead of any reader, and to drop the rest when the answer is out. Both ask for it here.
  request._read = () => undefined;
  socket.pause();
  // So does who ends a connection whose upgrade was refused.
  socket.resume = () => socket;
  // It would close at once, and on bytes that wait to be read the kernel then resets the answer.
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    socket.once('close', () => clearTimeout(timer));
  };
};

/** This request may be read here, whatever becomes of it. */
export const letBodiesCome = (request: IncomingMessage): void => (request as OfStream).letBodiesCome?.();
