import type { Socket } from 'node:net';
import { handleOf, streamBinding, type TcpHandle } from './handle-binding.js';
import { RawTier } from './raw-tier.js';

/** What a handle can do wrong; `error` is legal, and each of the others must not be. */
export const handleFaults = ['throws', 'nonsense', 'error'] as const;
export type HandleFault = (typeof handleFaults)[number];

export type HandleOperation =
  | 'useUserBuffer'
  | 'readStart'
  | 'readStop'
  | 'writeLatin1String'
  | 'writeBuffer'
  | 'shutdown'
  | 'reset'
  | 'close';

const watched: readonly HandleOperation[] = [
  'useUserBuffer',
  'readStart',
  'readStop',
  'writeLatin1String',
  'writeBuffer',
  'shutdown',
  'reset',
  'close',
];

/** EPIPE of libuv: what writes and closes answer where the peer is gone. */
const gone = -32;

/**
 * For tests: real handles, of which the nth operation goes wrong. What throws or answers nonsense has been done all the same, which is the worse
 * case: whoever did it again would do it twice.
 */
export class FaultyTier extends RawTier {
  readonly operations: HandleOperation[] = [];
  /** Handles go on reading though they are told to stop, and say that they did. */
  deaf = false;
  /** Handles lack an operation. */
  strange = false;

  /** `at`: which operation goes wrong; -1 for none. */
  constructor(
    private at: number,
    private readonly fault: HandleFault,
    private readonly only?: HandleOperation,
  ) {
    super(streamBinding()!);
  }

  /** Trusted without a test. */
  static trusted(at: number, fault: HandleFault): FaultyTier {
    const tier = new FaultyTier(-1, fault);
    tier.passed();
    tier.at = at;
    return tier;
  }

  disarm(): void {
    this.at = -1;
  }

  failNext(): void {
    this.at = this.operations.length;
  }

  override adopt(socket: Socket): TcpHandle | null {
    if (this.strange) Object.defineProperty(handleOf(socket)!, 'reset', { value: undefined, configurable: true });
    const handle = super.adopt(socket);
    if (handle !== null) for (const name of watched) this.watch(handle, name);
    return handle;
  }

  private watch(handle: TcpHandle, name: HandleOperation): void {
    const operation = (handle[name] as (...args: unknown[]) => unknown).bind(handle);
    const meet = (...args: unknown[]): unknown => {
      if (this.deaf && name === 'readStop') return 0;
      if (!this.meets(name)) return operation(...args);
      // Nothing is done where it says so.
      if (this.fault === 'error' && name !== 'close' && name !== 'useUserBuffer') return gone;
      const answer = operation(...args);
      if (this.fault === 'throws') throw new TypeError(`${name} is not as expected`);
      return this.fault === 'nonsense' && name !== 'close' && name !== 'useUserBuffer' ? 7 : answer;
    };
    Object.defineProperty(handle, name, { value: meet, configurable: true });
  }

  private meets(name: HandleOperation): boolean {
    if (this.only !== undefined) return name === this.only;
    return this.operations.push(name) - 1 === this.at;
  }
}
