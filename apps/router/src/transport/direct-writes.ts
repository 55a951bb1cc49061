import { constants } from 'node:os';
import type { Socket } from 'node:net';
import type { Chunk } from '../engine/upstream-lane.js';
import { handleOf, streamBinding, type StreamBinding } from './handle-binding.js';
import { HandleWrites } from './handle-writes.js';

/** Told of a connection on which nobody knows what has been written: it ends. */
const unknownError = -constants.errno.EPROTO;

/**
 * Writes to the handles of sockets that stay sockets (stamp links begin by an upgrade), and hears of their reads, past the stream that stands before them.
 * A thread has one; it is given up for good at the first thing that is not as expected, and sockets write as usual then.
 */
export class DirectWrites {
  private readonly writes: HandleWrites;

  private constructor(private binding: StreamBinding | null) {
    this.writes = new HandleWrites(binding!);
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
    try {
      const answer = this.writes.write(handle, chunk, onDone);
      if (answer !== 'unexpected') return answer;
      this.giveUp();
      return unknownError;
    } catch {
      this.giveUp();
      return 'not_now';
    }
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
