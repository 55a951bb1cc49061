import { createHash } from 'node:crypto';

export interface VerifiedTokensOptions {
  /** Entries; the oldest goes first. */
  readonly max: number;
  /** Longest time for which an entry is believed, whatever its own end. */
  readonly ttlMs: number;
  /** Wall clock: ends of tokens are told in it. */
  readonly nowMs?: () => number;
}

interface Entry<T> {
  readonly value: T;
  readonly untilMs: number;
}

/**
 * What is known of tokens that were checked before, so that each costs one signature check and not one per request. Keyed by the SHA-256 of the
 * whole token: a part of it, or a shorter hash, could be shared with a forged one. No token is kept.
 */
export class VerifiedTokens<T> {
  private readonly entries = new Map<string, Entry<T>>();
  private readonly nowMs: () => number;

  constructor(private readonly options: VerifiedTokensOptions) {
    this.nowMs = options.nowMs ?? Date.now;
  }

  get size(): number {
    return this.entries.size;
  }

  get(token: string): T | undefined {
    const key = keyOf(token);
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    const leftMs = entry.untilMs - this.nowMs();
    // A clock that was set back must not make an entry live longer than it was given.
    if (leftMs > 0 && leftMs <= this.options.ttlMs) return entry.value;
    this.entries.delete(key);
    return undefined;
  }

  /** Kept until `endsAtMs` or for ttlMs, whichever is sooner; `ttlMs` here shortens that for what may soon be otherwise. */
  put(token: string, value: T, endsAtMs: number, ttlMs = this.options.ttlMs): void {
    const now = this.nowMs();
    const untilMs = Math.min(endsAtMs, now + Math.min(ttlMs, this.options.ttlMs));
    if (untilMs <= now) return;
    const key = keyOf(token);
    this.entries.delete(key);
    this.entries.set(key, { value, untilMs });
    // A map keeps its order: the first is the oldest.
    if (this.entries.size > this.options.max) this.entries.delete(this.entries.keys().next().value!);
  }

  clear(): void {
    this.entries.clear();
  }
}

const keyOf = (token: string): string => createHash('sha256').update(token, 'utf8').digest('base64');
