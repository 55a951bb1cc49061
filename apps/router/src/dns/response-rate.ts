import { createHash, randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';

/** A source network that asks more often is a broken resolver, or a victim in whose name somebody asks. Public resolvers stay below. */
const answersPerSecond = 500;
/** Resolvers that have just lost their cache ask in bursts. */
const burst = 1_000;
/**
 * Every so manieth answer beyond the limit is sent cut: a real resolver in a network under forged load comes again over TCP, where
 * sources can't be forged; the answer is no larger than its question.
 */
const slip = 2;
/** Sources share slots where their hashes meet: the memory stays the same however many are forged. */
const slots = 16_384;

export type RateVerdict = 'answer' | 'cut' | 'drop';

/** The network of an address: /24 and /56, as one customer's addresses usually lie in one. */
const networkOf = (address: string): string => {
  const mapped = /^::ffff:(\d+\.\d+\.\d+)\.\d+$/.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address.slice(0, address.lastIndexOf('.'));
  const [head = '', tail = ''] = address.split('::');
  const front = head.split(':').filter(Boolean);
  const zeros = address.includes('::') ? 8 - front.length - tail.split(':').filter(Boolean).length : 0;
  const groups = [...front, ...Array<string>(Math.max(0, zeros)).fill('0'), ...tail.split(':').filter(Boolean)];
  return [...groups.slice(0, 3), (groups[3] ?? '0').padStart(4, '0').slice(0, 2)].join(':');
};

/** Limits answers over UDP for each network that they go to, with a token bucket in fixed memory. */
export class ResponseRate {
  private readonly seed = randomBytes(16);
  private readonly tokens = new Float64Array(slots).fill(burst);
  private readonly refilledAtMs = new Float64Array(slots);
  private over = 0;

  /** `nowMs`: monotonic. */
  take(address: string, nowMs: number): RateVerdict {
    const slot = createHash('sha1').update(this.seed).update(networkOf(address)).digest().readUInt32LE(0) % slots;
    const elapsedSeconds = Math.max(0, nowMs - this.refilledAtMs[slot]!) / 1000;
    const tokens = Math.min(burst, this.tokens[slot]! + elapsedSeconds * answersPerSecond);
    this.refilledAtMs[slot] = nowMs;
    this.tokens[slot] = tokens >= 1 ? tokens - 1 : tokens;
    if (tokens >= 1) return 'answer';
    this.over = (this.over + 1) % slip;
    return this.over === 0 ? 'cut' : 'drop';
  }
}
