/** 64 bits as two unsigned words: BigInt would allocate on every change. */
export interface Pair {
  readonly high: number;
  readonly low: number;
}

export const zero: Pair = { high: 0, low: 0 };

export const add64 = (a: Pair, b: Pair): Pair => {
  const low = a.low + b.low;
  return { low: low >>> 0, high: (a.high + b.high + (low > 0xffff_ffff ? 1 : 0)) >>> 0 };
};

export const subtract64 = (a: Pair, b: Pair): Pair => ({
  low: (a.low - b.low) >>> 0,
  high: (a.high - b.high - (a.low < b.low ? 1 : 0)) >>> 0,
});

export const parse64 = (digits: string): Pair => ({ high: parseInt(digits.slice(0, 8), 16), low: parseInt(digits.slice(8), 16) });

export const hex64 = ({ high, low }: Pair): string => high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
