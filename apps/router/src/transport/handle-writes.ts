import type { Chunk } from '../engine/upstream-lane.js';
import type { HandleRequest, StreamBinding, TcpHandle } from './handle-binding.js';

/**
 * 'taken': the kernel has all of it. 'waiting': it waits in the handle, and `onDone` will be told. A negative error of libuv. 'unexpected': what the
 * handle says makes no sense, so that nobody knows what has been written.
 */
export type HandleAnswer = 'taken' | 'waiting' | 'unexpected' | number;

/** Writes to handles: one system call and nothing else. */
export class HandleWrites {
  /** Used, and not to be used again, only where a write goes on behind its call. */
  private request: HandleRequest;

  constructor(private readonly binding: StreamBinding) {
    this.request = new binding.WriteWrap();
  }

  /** Text is latin1. A buffer stays as it is until it is taken. Throws where the handle has no such operation. */
  write(handle: TcpHandle, chunk: Chunk, onDone: (status: number) => void): HandleAnswer {
    const { request } = this;
    const { streamBaseState, kLastWriteWasAsync, kBytesWritten, WriteWrap } = this.binding;
    const error = typeof chunk === 'string' ? handle.writeLatin1String(request, chunk) : handle.writeBuffer(request, chunk);
    if (error !== 0) return error < 0 ? error : 'unexpected';
    if (streamBaseState[kBytesWritten] !== chunk.length) return 'unexpected';
    if (streamBaseState[kLastWriteWasAsync] === 0) return 'taken';
    request.oncomplete = onDone;
    if (typeof chunk !== 'string') request.buffer = chunk;
    this.request = new WriteWrap();
    return 'waiting';
  }
}
