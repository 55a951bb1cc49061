import type { StampSpec } from '@lapidary/contracts/stamp-spec';

export interface CostClass {
  /** Largest size of the database and of a cache node. */
  readonly database: string;
  readonly cache: string;
  readonly families: readonly string[];
  /** What one stamp may cost per month by the price table, in US dollars; also the stamp's AWS budget. */
  readonly monthlyUsdMax: number;
}

/** Graviton families only: the same work for about a fifth less. */
export const costClassOf: Readonly<Record<StampSpec['profile'], CostClass>> = {
  small: { database: 'medium', cache: 'medium', families: ['t4g'], monthlyUsdMax: 600 },
  medium: { database: 'xlarge', cache: 'large', families: ['t4g', 'm7g'], monthlyUsdMax: 1500 },
  large: { database: '4xlarge', cache: '2xlarge', families: ['t4g', 'm7g', 'r7g'], monthlyUsdMax: 3500 },
};

const sizes = ['micro', 'small', 'medium', 'large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge', '24xlarge'];

/** Each is about twice the one before. What is not in the list is larger than everything in it. */
export const instanceRank = (size: string): number => {
  const rank = sizes.indexOf(size);
  return rank === -1 ? sizes.length : rank;
};
