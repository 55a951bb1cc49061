import type { Socket } from 'node:net';

/** Node's request object of one write; told by oncomplete where the kernel did not take all of it at once. */
interface WriteRequest {
  oncomplete?: (status: number) => void;
}

/** Of a TCP handle, what net.Socket itself writes text with. */
interface WritableHandle {
  writeLatin1String(request: WriteRequest, text: string): number;
}

interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  readonly streamBaseState: Int32Array;
  readonly kLastWriteWasAsync: number;
}

/** What can't be had of Node's documented interface. null: this Node doesn't give it (permission model, a later version). */
const streamBinding = (): StreamBinding | null => {
  try {
    const { binding } = process as unknown as { binding(name: string): Partial<StreamBinding> };
    const { WriteWrap, streamBaseState, kLastWriteWasAsync } = binding.call(process, 'stream_wrap');
    const isThere = typeof WriteWrap === 'function' && streamBaseState !== undefined && typeof kLastWriteWasAsync === 'number';
    return isThere ? { WriteWrap, streamBaseState, kLastWriteWasAsync } : null;
  } catch {
    return null;
  }
};

const handleOf = (socket: Socket): WritableHandle | null => (socket as unknown as { _handle: WritableHandle | null })._handle;

/**
 * Writes text to the handles of sockets, past the stream that stands before them: one system call and nothing else, which saves a
 * tenth of what a proxied request costs. A process has one; it is given up for good at the first thing that is not as expected, and
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
  write(socket: Socket, text: string, onDone: (status: number) => void): 'taken' | 'waiting' | 'not_now' | number {
    const handle = handleOf(socket);
    // What is in the stream goes first; before the connection is there the stream keeps what is written.
    if (this.binding === null || handle === null || socket.connecting || socket.writableLength > 0) return 'not_now';
    const { request } = this;
    let error: number;
    try {
      error = handle.writeLatin1String(request, text);
    } catch {
      this.giveUp();
      return 'not_now';
    }
    if (error !== 0) return error;
    // The request object is used, and must not be used again, only where the write goes on behind this call.
    if (this.binding.streamBaseState[this.binding.kLastWriteWasAsync] === 0) return 'taken';
    request.oncomplete = onDone;
    this.request = new this.binding.WriteWrap();
    return 'waiting';
  }
}
