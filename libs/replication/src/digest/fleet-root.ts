import { hash } from 'node:crypto';
import type { Root } from './bucket-table.js';

export interface DomainRoot {
  readonly collection: string;
  readonly kind: string;
  readonly audience: string;
  readonly root: Root;
}

const lineOf = ({ collection, kind, audience, root }: DomainRoot): string => `${collection} ${kind} ${audience} ${root.rows} ${root.sum}`;

/** 64 bits, 16 hex digits: equal where all sets are equal. Empty sets don't count: a region may not know of them. */
export const fleetRoot = (domains: readonly DomainRoot[]): string => {
  const held = domains.filter(({ root }) => root.rows !== 0 || root.sum !== 0n);
  return hash('sha256', held.map(lineOf).sort().join('\n'), 'hex').slice(0, 16);
};
