import type { Random } from './random.ts';

const cutAt = (bytes: string, positions: readonly number[]): string[] => {
  const sorted = [...new Set(positions)].filter((p) => p > 0 && p < bytes.length).sort((a, b) => a - b);
  return [0, ...sorted].map((from, i) => bytes.slice(from, sorted[i] ?? bytes.length));
};

/** Every way to send the bytes in two parts. */
export const everySplit = (bytes: string): string[][] => Array.from({ length: bytes.length - 1 }, (_, i) => cutAt(bytes, [i + 1]));

/** Some of them, and some in more parts, most of these around line ends, where scanners keep state. */
export const someSplits = (bytes: string, random: Random, count: number): string[][] => {
  if (bytes.length < 2) return [];
  const lineEnds = [...bytes.matchAll(/\r?\n/g)].flatMap(({ index }) => [index, index + 1, index + 2]);
  const position = (): number =>
    random.below(2) === 0 && lineEnds.length > 0 ? random.pick(lineEnds) : 1 + random.below(bytes.length - 1);
  return Array.from({ length: count }, (_, i) => cutAt(bytes, Array.from({ length: i % 2 === 0 ? 1 : 2 + random.below(6) }, position)));
};

/** A byte at a time: what slow lines and slow attackers do. */
export const singleBytes = (bytes: string): string[] => [...bytes];
