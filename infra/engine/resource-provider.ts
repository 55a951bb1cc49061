import type { PropertyMap } from './property-values.js';

export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

export interface DiffResult {
  readonly changes: boolean;
  /** Keys that can't be changed in place. */
  readonly replaces: readonly string[];
  /** The new one can't exist beside the old one (same name). */
  readonly deleteBeforeReplace: boolean;
}

export interface ChangeContext {
  /** Keys that hold secrets; a provider that stores inputs leaves them out. */
  readonly secretKeys: readonly string[];
}

export interface CreateContext extends ChangeContext {
  /**
   * The same for every repetition of one create, another for every other create: what is made under a seed is found again
   * under it (create-or-adopt), which is what makes a create safe to repeat after a crash (I8).
   */
  readonly seed: string;
}

/**
 * What realises the resources of one package. The shape is that of a Pulumi provider (check, diff, create, read, update,
 * delete), in plain values. Every method may be repeated: after a crash nobody knows whether it ran.
 */
export interface ResourceProvider {
  check(
    urn: string,
    olds: PropertyMap,
    news: PropertyMap,
  ): Promise<{ readonly inputs: PropertyMap; readonly failures: readonly CheckFailure[] }>;
  diff(id: string, urn: string, olds: PropertyMap, news: PropertyMap): Promise<DiffResult>;
  create(urn: string, inputs: PropertyMap, context: CreateContext): Promise<{ readonly id: string; readonly outs: PropertyMap }>;
  /** undefined: it is gone. */
  read(id: string, urn: string, props: PropertyMap): Promise<PropertyMap | undefined>;
  /**
   * What holds of a resource though its state does not say it, as an owner's rights or who listens on a port. `read` tells of it too;
   * it is compared and shown, and never kept.
   */
  stated?(urn: string, props: PropertyMap): PropertyMap;
  update(id: string, urn: string, olds: PropertyMap, news: PropertyMap, context: ChangeContext): Promise<{ readonly outs: PropertyMap }>;
  /**
   * What was made by a create that nobody wants any more: whatever would keep it from being deleted is taken off it. It never was
   * part of the stack, so nobody has put anything into it.
   */
  disown?(id: string, urn: string): Promise<void>;
  /** Of what is gone already is no error. */
  delete(id: string, urn: string, props: PropertyMap): Promise<void>;
  /** The id that `create` gives for these inputs and this seed, so that an unfinished create can be undone. */
  plannedId(urn: string, inputs: PropertyMap, seed: string): string;
  invoke(token: string, args: PropertyMap): Promise<PropertyMap>;
}

/** Providers by package (`aws`, `lapidary`), made with the stack's config for that package. */
export type ProviderFactory = (packageConfig: Readonly<Record<string, string>>) => ResourceProvider;
