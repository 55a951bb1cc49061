import { nextState } from '@lapidary/kernel/transition-table';
import type { Socket } from 'node:net';
import type { Chunk } from '../engine/upstream-lane.js';
import {
  handleOf,
  isTcpHandle,
  streamBinding,
  takeHandle,
  type HandleRequest,
  type StreamBinding,
  type TcpHandle,
} from './handle-binding.js';
import { HandleWrites, type HandleAnswer } from './handle-writes.js';
import { tierTable, type TierState } from './tier-states.js';

/** What sockets are, and why. */
export interface Tier {
  readonly state: TierState;
  readonly reason: string;
  /** Told when it is given up; returns how not to be. */
  onAbandoned(listener: (reason: string) => void): () => void;
}

/** One thread's handles of libuv, while they are trusted (T1–T3). */
export class RawTier implements Tier {
  private current: TierState = tierTable.initial;
  private why = 'not tested yet';
  private readonly listeners = new Set<(reason: string) => void>();
  private readonly writes: HandleWrites;

  constructor(private readonly binding: StreamBinding) {
    this.writes = new HandleWrites(binding);
  }

  /** null: this Node doesn't give what it takes. */
  static ofThisNode(): RawTier | null {
    const binding = streamBinding();
    return binding && new RawTier(binding);
  }

  get state(): TierState {
    return this.current;
  }

  get reason(): string {
    return this.why;
  }

  get isRaw(): boolean {
    return this.current === 'raw';
  }

  onAbandoned(listener: (reason: string) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  passed(): void {
    this.current = nextState(tierTable, this.current, 'passed');
    this.why = 'each operation was seen to work';
  }

  failed(reason: string): void {
    this.current = nextState(tierTable, this.current, 'failed');
    this.why = reason;
  }

  /** Something was not as expected; whoever met it ends its connection. Within the test it fails the test. */
  surprised(reason: string): 'unexpected' {
    if (this.current === 'untested') this.failed(reason);
    else if (this.current === 'raw') {
      this.current = nextState(tierTable, this.current, 'surprised');
      this.why = reason;
      for (const listener of this.listeners) listener(reason);
    }
    return 'unexpected';
  }

  /** Takes a connected socket's handle; null: there is none any more, or it isn't one that we know (which surprises): the socket is as it was. */
  adopt(socket: Socket): TcpHandle | null {
    const handle = handleOf(socket);
    if (handle === null || isTcpHandle(handle)) return takeHandle(socket);
    this.surprised('a connection has no handle as expected');
    return null;
  }

  write(handle: TcpHandle, chunk: Chunk, onDone: (status: number) => void): HandleAnswer {
    try {
      const answer = this.writes.write(handle, chunk, onDone);
      return answer === 'unexpected' ? this.surprised('a write has told something else than what was written') : answer;
    } catch (error) {
      return this.surprised(`a write has thrown: ${String(error)}`);
    }
  }

  /** What is done now and then: 0, an error of libuv, 1 (only shutdown: done at once), or a surprise. */
  run(operation: () => number): number | 'unexpected' {
    try {
      const status = operation();
      return Number.isInteger(status) && status <= 1 ? status : this.surprised(`an operation has told ${String(status)}`);
    } catch (error) {
      return this.surprised(`an operation has thrown: ${String(error)}`);
    }
  }

  /** Of the read that is being told: bytes, or an error of libuv. */
  get readBytesOrError(): number {
    return this.binding.streamBaseState[this.binding.kReadBytesOrError]!;
  }

  shutdownRequest(): HandleRequest {
    return new this.binding.ShutdownWrap();
  }
}
