import type { RegionFacts, StampSpec } from '@lapidary/contracts/stamp-spec';
import { templateVersion } from '../template-version.js';

/**
 * Whose resources they are: one stamp's, one region's control plane's, or the fleet's. The same building blocks serve all three;
 * the owner gives them their names, their types in the tree, and their tags.
 */
export interface StackOwner {
  readonly kind: 'stamp' | 'region' | 'global';
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
}

export const stampOwner = (spec: StampSpec): StackOwner => ({
  kind: 'stamp',
  name: spec.name,
  tags: { stamp: spec.name, region: spec.region, template: templateVersion, owner: 'lapidary' },
});

export const regionOwner = (region: string): StackOwner => ({
  kind: 'region',
  name: region,
  tags: { region, template: templateVersion, owner: 'lapidary' },
});

export const globalOwner: StackOwner = { kind: 'global', name: 'fleet', tags: { template: templateVersion, owner: 'lapidary' } };

/** `lapidary:stamp:Network`, `lapidary:region:Network`. */
export const componentType = (owner: StackOwner, what: string): string => `lapidary:${owner.kind}:${what}`;

/** `eu-2-network`: names are unique in a stack by type, and recognised in an account. */
export const nameOf = (owner: StackOwner, what: string): string => `${owner.name}-${what}`;

/** On everything that can carry tags: whose it is, what rendered it, who runs it. */
export const tagged = (owner: StackOwner, what: string): Record<string, string> => ({ ...owner.tags, Name: nameOf(owner, what) });

/** Where a stack is built, and what its protection is. */
export interface StackPlace extends RegionFacts {
  /** Lifted only to take the stack down: what holds data can then be deleted. */
  readonly unprotected: boolean;
}
