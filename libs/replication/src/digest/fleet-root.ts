import { hash } from 'node:crypto';
import type { Root } from './bucket-table.js';

export interface DomainRoot {
  readonly collection: string;
  readonly kind: string;
  readonly root: Root;
}

const nameOf = ({ collection, kind }: DomainRoot): string => `${collection} ${kind}`;
const lineOf = (d: DomainRoot): string => `${nameOf(d)} ${d.root.rows} ${d.root.sum}`;

/** 64 bits, 16 hex digits: equal where all sets are equal. Empty sets don't count: a region may not know of them. */
export const fleetRoot = (domains: readonly DomainRoot[]): string => {
  const held = domains.filter(({ root }) => root.rows !== 0 || root.sum !== 0n);
  return hash('sha256', held.map(lineOf).sort().join('\n'), 'hex').slice(0, 16);
};
