import type { Socket } from 'node:net';

/** Node's request object of one write or shutdown. `oncomplete` is told where it goes on behind the call. */
export interface HandleRequest {
  oncomplete?: (status: number) => void;
  /** Keeps alive what is still to be written: the handle knows its memory only. */
  buffer?: Buffer;
}

/** What net.Socket itself does with a TCP connection. Numbers that are returned are 0, or errors of libuv (negative). */
export interface TcpHandle {
  /** Told of each read: with bytes of its own, or none where they are in the buffer of useUserBuffer(); kReadBytesOrError says how many. */
  onread: (this: TcpHandle, bytes: ArrayBuffer | undefined) => unknown;
  useUserBuffer(bytes: Buffer): void;
  readStart(): number;
  readStop(): number;
  writeLatin1String(request: HandleRequest, text: string): number;
  writeBuffer(request: HandleRequest, bytes: Buffer): number;
  shutdown(request: HandleRequest): number;
  close(closed?: () => void): void;
  reset(closed?: () => void): number;
}

const operations = ['useUserBuffer', 'readStart', 'readStop', 'writeLatin1String', 'writeBuffer', 'shutdown', 'close', 'reset'] as const;

/** Of Node's own binding for streams of libuv. */
export interface StreamBinding {
  readonly WriteWrap: new () => HandleRequest;
  readonly ShutdownWrap: new () => HandleRequest;
  /** Numbers about the last call of any handle of this thread, by the places below. */
  readonly streamBaseState: Int32Array;
  readonly kLastWriteWasAsync: number;
  readonly kReadBytesOrError: number;
  readonly kBytesWritten: number;
}

/** What can't be had of Node's documented interface. null: this Node doesn't give it (permission model, a later version). */
export const streamBinding = (): StreamBinding | null => {
  try {
    const { binding } = process as unknown as { binding(name: string): Partial<StreamBinding> };
    const found = binding.call(process, 'stream_wrap');
    if (typeof found.WriteWrap !== 'function' || typeof found.ShutdownWrap !== 'function') return null;
    if (!ArrayBuffer.isView(found.streamBaseState)) return null;
    const places = [found.kLastWriteWasAsync, found.kReadBytesOrError, found.kBytesWritten];
    return places.every((place) => typeof place === 'number') ? (found as StreamBinding) : null;
  } catch {
    return null;
  }
};

interface Holder {
  _handle: TcpHandle | null;
}

export const handleOf = (socket: Socket): TcpHandle | null => (socket as unknown as Holder)._handle;

/**
 * Neither knows of the other any more, and the socket says that it is closed. The handle has its socket by a symbol of Node's own: left there it would keep
 * the socket, some kilobytes with its streams, for as long as the connection is open.
 */
export const takeHandle = (socket: Socket): TcpHandle | null => {
  const handle = handleOf(socket);
  (socket as unknown as Holder)._handle = null;
  if (handle === null) return null;
  const owned = handle as unknown as Record<symbol, unknown>;
  for (const symbol of Object.getOwnPropertySymbols(handle)) if (owned[symbol] === socket) owned[symbol] = undefined;
  return handle;
};

/** Whether it has all that TcpHandle says. */
export const isTcpHandle = (handle: TcpHandle): boolean =>
  operations.every((name) => typeof handle[name] === 'function') && 'onread' in handle;
