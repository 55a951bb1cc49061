import { shareMin } from '../limits/limit.js';

/** Requests per second by key, as a router has told it. */
export type Demand = ReadonlyMap<string, number>;

/** Part of each bound that is divided evenly, so that a router where demand begins can let something through at once. */
const evenPart = 0.1;
/** Demands of ours that a share must hold under: see the proof above ScopeShares. */
const toldMax = 3;
/** Keys that are reported; of more, those with the largest demand. Others keep the even share. */
const keysMax = 512;
/** Keys that are counted between two reports; a bound for memory, far above what matters. */
const countedMax = 4096;

/** How often a key was wanted in a tick. It belongs to one key of one scope, and there is one of each key at a time. */
export interface Counted {
  readonly key: string;
  times: number;
  /** The tick in which `times` were counted; −1: none. */
  tick: number;
}

/** What is known of the others when shares are worked out. */
export interface View {
  /** Routers that count, ourselves included. */
  readonly routers: number;
  readonly peers: readonly Demand[];
  /** Whether each peer has been heard recently: else nobody's share may grow. */
  readonly isFresh: boolean;
}

/**
 * This router's share of each key's bound. With demands d, router i's share is e/N + (1 − e) · d_i / Σ d_j; without any,
 * 1/N. It uses the smallest share that follows from the last three demands that it told.
 *
 * Why the shares never sum to more than 1 while reports arrive within one tick T: let m_j be the smallest of the demands
 * that j told in its last three ticks. What i has heard of j when it worked its share out, at most T ago, was told at
 * most 2T + T ago, hence is one of these three and not below m_j. The share grows with one's own demand and falls with
 * the others', so i holds at most e/N + (1 − e) · m_i / Σ m_j, and these sum to 1.
 */
export class ScopeShares {
  private routers = 1;
  private readonly shares = new Map<string, number>();
  /** Of the present tick, in the order in which they came. */
  private counted: Counted[] = [];
  private tick = 0;
  private readonly named = new Map<string, Counted>();
  private readonly told: Demand[] = [];

  /** `onGrown`: the key's share has grown, by so much; what is added must not be had at once, or it would be a second burst. */
  constructor(private readonly onGrown: (key: string, share: number, by: number) => void) {}

  shareOf(key: string): number {
    return this.shares.size === 0 ? 1 / this.routers : (this.shares.get(key) ?? 1 / this.routers);
  }

  /** Somebody wants to do something; asked on the hot path. */
  wanted(key: string): void {
    let known = this.named.get(key);
    if (known === undefined) {
      if (this.named.size >= countedMax) return;
      this.named.set(key, (known = { key, times: 0, tick: -1 }));
    }
    this.count(known);
  }

  /** As wanted(), for who keeps the key's count; a key is counted in one of both ways. */
  count(counted: Counted): void {
    if (counted.tick !== this.tick) {
      if (this.counted.length >= countedMax) return;
      counted.tick = this.tick;
      counted.times = 0;
      this.counted.push(counted);
    }
    counted.times += 1;
  }

  /** Whether it is one of those to be told with the present tick: another one of its key must not be counted in it. */
  isCounting(counted: Counted): boolean {
    return counted.tick === this.tick;
  }

  /** Ends a tick: the demand to tell the others. */
  tell(tickMs: number): Demand {
    const before = this.told[0];
    const keys: string[] = [];
    const rates: number[] = [];
    const again = new Set<string>();
    for (const { key, times } of this.counted) {
      const rateBefore = before?.get(key);
      if (rateBefore !== undefined) again.add(key);
      keys.push(key);
      rates.push(average((times * 1000) / tickMs, rateBefore));
    }
    // What has just ended fades instead of vanishing: a pause of one tick would move shares to and fro.
    for (const [key, rate] of before ?? []) {
      if (again.has(key) || average(0, rate) < 1) continue;
      keys.push(key);
      rates.push(average(0, rate));
    }
    const largest = largestOf(keys, rates, keysMax);
    this.told.unshift(largest);
    this.told.length = Math.min(this.told.length, toldMax);
    this.counted = [];
    this.tick += 1;
    this.named.clear();
    return largest;
  }

  /** Works the shares out anew, from what was told and heard. Between two requests of everybody: each entry is looked at once. */
  divide({ routers, peers, isFresh }: View): void {
    const others = new Map<string, number>();
    for (const demand of peers) for (const [key, rate] of demand) others.set(key, (others.get(key) ?? 0) + rate);
    // Those that nobody else wants, too.
    for (const demand of this.told) for (const key of demand.keys()) if (!others.has(key)) others.set(key, 0);
    const usual = 1 / this.routers;
    if (!isFresh) routers = Math.max(routers, this.routers);
    this.routers = routers;
    for (const [key, present] of this.shares) {
      if (others.has(key)) continue;
      this.shares.delete(key);
      this.grow(key, present, this.next(present, 0, key, routers, isFresh));
    }
    for (const [key, rate] of others) {
      const present = this.shares.get(key) ?? usual;
      const share = this.next(present, rate, key, routers, isFresh);
      this.shares.set(key, share);
      this.grow(key, present, share);
    }
  }

  /** The others can't be heard: an even part for each. */
  divideEvenly(routers: number): void {
    this.routers = routers;
    const even = 1 / routers;
    for (const [key, share] of this.shares) if (even > share) this.onGrown(key, even, even - share);
    this.shares.clear();
  }

  private next(present: number, others: number, key: string, routers: number, isFresh: boolean): number {
    const target = this.target(key, others, routers);
    return isFresh ? target : Math.min(present, target);
  }

  private grow(key: string, present: number, share: number): void {
    if (share > present) this.onGrown(key, share, share - present);
  }

  /** `others`: the demand of all of them. */
  private target(key: string, others: number, routers: number): number {
    let least = 1;
    for (let i = 0; i < toldMax; i += 1) {
      const own = this.told[i]?.get(key) ?? 0;
      const part = own + others === 0 ? 1 / routers : evenPart / routers + ((1 - evenPart) * own) / (own + others);
      if (part < least) least = part;
    }
    return Math.max(shareMin, least);
  }
}

/** Of these keys with these rates as many as that, those with most; of equal ones those that stand first. */
const largestOf = (keys: readonly string[], rates: readonly number[], count: number): Demand => {
  const inOrder = Float64Array.from(rates).sort();
  const least = keys.length <= count ? -Infinity : inOrder[keys.length - count]!;
  let equal = count;
  for (let i = keys.length - 1; i >= 0 && inOrder[i]! > least; i -= 1) equal -= 1;
  const largest = new Map<string, number>();
  for (let i = 0; i < keys.length; i += 1) {
    const rate = rates[i]!;
    if (rate > least || (rate === least && (equal -= 1) >= 0)) largest.set(keys[i]!, rate);
  }
  return largest;
};

/** Half of the newest: follows a change within a few ticks, and doesn't follow chance. */
const average = (newest: number, before: number | undefined): number => rounded(before === undefined ? newest : (newest + before) / 2);

/** What is told is what is reckoned with: the proof needs the same number on both sides. */
const rounded = (rate: number): number => Math.round(rate * 10) / 10;
