import { idleKeptMax, Round, stepsPerNew } from '../round.js';

const slotsAtFirst = 1024;
/** The design's million of tenants, all busy at once. Beyond, keys are forgotten although busy: memory is bounded first. */
const keysMax = 1 << 20;

/** The place at which a key was found last; −1 where it never was. It is looked at before it is believed. */
export interface SlotHint {
  slot: number;
}

/**
 * State by key. Idle keys are forgotten a few at a time, whenever a new key comes: no timer, no pause, and never more
 * than about twice the keys that are busy, or idleKeptMax.
 */
export class KeyedStates {
  numbers: Float64Array;
  private readonly stride: number;
  private readonly slots = new Map<string, number>();
  private readonly free: number[] = [];
  /** Whose each place is. */
  private readonly keys: (string | null)[] = [];
  private readonly round = new Round(this.slots);
  private used = 0;
  /** The one asked for last: a request asks for its own several times. */
  private lastKey: string | null = null;
  private lastAt = 0;

  /** `width`: numbers per key; one more is kept, from when on the key may be forgotten. */
  constructor(private readonly width: number) {
    this.stride = width + 1;
    this.numbers = new Float64Array(slotsAtFirst * this.stride);
  }

  get size(): number {
    return this.slots.size;
  }

  /** Where the key's numbers are; `numbers` may be another array after this. Made, as zeros, for a key that has none. */
  at(key: string, nowMs: number, hint: SlotHint | null = null): number {
    if (hint === null) return this.find(key, nowMs);
    if (hint.slot >= 0 && this.keys[hint.slot] === key) return hint.slot * this.stride;
    const at = this.find(key, nowMs);
    hint.slot = at / this.stride;
    return at;
  }

  private find(key: string, nowMs: number): number {
    const known = this.peek(key);
    if (known !== undefined) return known;
    if (this.slots.size >= idleKeptMax) this.sweep(stepsPerNew, nowMs, false);
    if (this.slots.size >= keysMax) this.sweep(1, nowMs, true);
    const slot = this.free.pop() ?? this.another();
    this.slots.set(key, slot);
    this.keys[slot / this.stride] = key;
    this.lastKey = key;
    this.lastAt = slot;
    return slot;
  }

  /** Where the key's numbers are, if it has any. */
  peek(key: string): number | undefined {
    if (key === this.lastKey) return this.lastAt;
    const at = this.slots.get(key);
    if (at === undefined) return undefined;
    this.lastKey = key;
    this.lastAt = at;
    return at;
  }

  /** Zeros, as a key begins with. */
  isUntouched(at: number): boolean {
    for (let i = at; i < at + this.width; i += 1) if (this.numbers[i] !== 0) return false;
    return true;
  }

  /** The key's numbers say the same as none from then on. */
  idleFrom(at: number, idleFromMs: number): void {
    this.numbers[at + this.width] = idleFromMs;
  }

  /** Looks at the next `steps` keys of the round, and forgets those that are idle (or, where they must go, any). */
  sweep(steps: number, nowMs: number, anyway: boolean): void {
    for (let i = 0; i < steps; i += 1) {
      const next = this.round.next();
      if (next === undefined) return;
      const [key, slot] = next;
      if (!anyway && nowMs < this.numbers[slot + this.width]!) continue;
      this.slots.delete(key);
      this.keys[slot / this.stride] = null;
      if (key === this.lastKey) this.lastKey = null;
      this.numbers.fill(0, slot, slot + this.stride);
      this.free.push(slot);
    }
  }

  private another(): number {
    const slot = this.used;
    this.used += this.stride;
    if (this.used > this.numbers.length) {
      const larger = new Float64Array(this.numbers.length * 2);
      larger.set(this.numbers);
      this.numbers = larger;
    }
    return slot;
  }
}
