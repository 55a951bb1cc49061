import type { PolicyFinding } from '@lapidary/contracts/provisioner-protocol';
import type { StampSpec } from '@lapidary/contracts/stamp-spec';
import type { PropertyMap } from '../engine/property-values.js';

/** One resource as a rule sees it: what the program asks for, before anybody is asked to make it. */
export interface PolicyResource {
  readonly type: string;
  readonly name: string;
  /** With secret marks and unknowns, as the SDK sends them; read them through reading.ts. */
  readonly inputs: PropertyMap;
  readonly protect: boolean;
}

/** What a rule may know of the place and the purpose of the stack. */
export interface PolicyFacts {
  /** What the stack is: one stamp, one region's control plane, or what the fleet has once. */
  readonly scope: 'stamp' | 'region' | 'global';
  /** The stamp's, the region's or the fleet's name. */
  readonly owner: string;
  /** Whose law the data is under (stamps/regions.yaml). */
  readonly jurisdiction: string;
  readonly awsRegion: string;
  readonly environment: 'production' | 'test';
  /** Size class that the cost rules go by. */
  readonly profile: StampSpec['profile'];
  /** Protection was lifted on purpose: the stack is about to be taken down. */
  readonly unprotected: boolean;
}

/** Mandatory: nothing is created. Advisory: it is said, and goes on. */
export type PolicyLevel = PolicyFinding['level'];

interface RuleHead {
  /** kebab-case; what people name in reviews and find in docs/reference/policies.md. */
  readonly name: string;
  readonly level: PolicyLevel;
  /** One sentence: what is asked for, and why. */
  readonly description: string;
}

/** A rule on one resource: a pure function, so that it can be asked before the provider is. */
export interface PolicyRule extends RuleHead {
  readonly resourceTypes: readonly string[] | 'all';
  /** What is wrong, in plain words and with the values; undefined where nothing is. */
  check(resource: PolicyResource, facts: PolicyFacts): string | undefined;
}

/** A rule that only the whole stack can break. */
export interface StackPolicyRule extends RuleHead {
  checkStack(resources: readonly PolicyResource[], facts: PolicyFacts): readonly { readonly resource: string; readonly message: string }[];
}
