import type { Socket } from 'node:net';
import type { Chunk } from '../engine/upstream-lane.js';

/** Node's request object of one write; told by oncomplete where the kernel did not take all of it at once. */
interface WriteRequest {
  oncomplete?: (status: number) => void;
  /** Keeps alive what is still to be written: the handle knows its memory only. */
  buffer?: Buffer;
}

/** Of a TCP handle, what net.Socket itself writes and reads with. */
interface Handle {
  writeLatin1String(request: WriteRequest, text: string): number;
  writeBuffer(request: WriteRequest, bytes: Buffer): number;
  onread: (this: Handle, bytes: ArrayBuffer | undefined) => unknown;
}

interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  readonly streamBaseState: Int32Array;
  readonly kLastWriteWasAsync: number;
  readonly kReadBytesOrError: number;
}

/** What can't be had of Node's documented interface. null: this Node doesn't give it (permission model, a later version). */
const streamBinding = (): StreamBinding | null => {
  try {
    const { binding } = process as unknown as { binding(name: string): Partial<StreamBinding> };
    const { WriteWrap, streamBaseState, kLastWriteWasAsync, kReadBytesOrError } = binding.call(process, 'stream_wrap');
    if (typeof WriteWrap !== 'function' || streamBaseState === undefined) return null;
    if (typeof kLastWriteWasAsync !== 'number' || typeof kReadBytesOrError !== 'number') return null;
    return { WriteWrap, streamBaseState, kLastWriteWasAsync, kReadBytesOrError };
  } catch {
    return null;
  }
};

const handleOf = (socket: Socket): Handle | null => (socket as unknown as { _handle: Handle | null })._handle;

/**
 * Writes to the handles of sockets and hears of their reads, past the stream that stands before them: one system call and nothing else, which
 * saves a tenth of what a proxied request costs. A process has one; it is given up for good at the first thing that is not as expected, and
 * sockets write as usual then.
 */
export class DirectWrites {
  private request: WriteRequest;

  private constructor(private binding: StreamBinding | null) {
    this.request = new binding!.WriteWrap();
  }

  static ofThisNode(): DirectWrites | null {
    const binding = streamBinding();
    return binding && new DirectWrites(binding);
  }

  get isGivenUp(): boolean {
    return this.binding === null;
  }

  giveUp(): void {
    this.binding = null;
  }

  /**
   * 'taken' where the kernel has all of it; 'waiting' where it waits in the handle, and `onDone` will be told; a negative error of
   * libuv; or 'not_now': nothing was written, and the socket has to.
   */
  write(socket: Socket, chunk: Chunk, onDone: (status: number) => void): 'taken' | 'waiting' | 'not_now' | number {
    const handle = handleOf(socket);
    // What is in the stream goes first; before the connection is there the stream keeps what is written.
    if (this.binding === null || handle === null || socket.connecting || socket.writableLength > 0) return 'not_now';
    const { request } = this;
    let error: number;
    try {
      error = typeof chunk === 'string' ? handle.writeLatin1String(request, chunk) : handle.writeBuffer(request, chunk);
    } catch {
      this.giveUp();
      return 'not_now';
    }
    if (error !== 0) return error;
    // The request object is used, and must not be used again, only where the write goes on behind this call.
    if (this.binding.streamBaseState[this.binding.kLastWriteWasAsync] === 0) return 'taken';
    request.oncomplete = onDone;
    if (typeof chunk !== 'string') request.buffer = chunk;
    this.request = new this.binding.WriteWrap();
    return 'waiting';
  }

  /**
   * Bytes that the socket reads into its `onread` buffer are told here, without its own steps in between; ends and errors stay its own. For a
   * socket that is connected. `tell`: how many, and whether it was told; else the socket tells them.
   */
  hearReads(socket: Socket, tell: (bytes: number) => boolean): void {
    const handle = handleOf(socket);
    if (this.binding === null || handle === null || typeof handle.onread !== 'function') return;
    const { streamBaseState, kReadBytesOrError } = this.binding;
    const { onread } = handle;
    handle.onread = function (bytes): unknown {
      // With a buffer of the socket's own nothing is handed over.
      const length = bytes === undefined ? streamBaseState[kReadBytesOrError]! : 0;
      return length > 0 && tell(length) ? undefined : onread.call(this, bytes);
    };
  }
}
