import { changedKeys } from '../engine/diff.js';
import type { PropertyMap } from '../engine/property-values.js';
import type { CreateContext, DiffResult, ResourceProvider } from '../engine/resource-provider.js';
import { nameOf } from '../engine/urn.js';

export interface WorldObject {
  readonly name: string;
  readonly props: PropertyMap;
}

/**
 * A world of things in memory, with a hook before and after every effect: there a test looks at the disk as a crash would
 * leave it, or makes the provider fail. `size` can't be changed in place.
 */
export class FakeWorld implements ResourceProvider {
  readonly log: string[] = [];
  hook: (moment: 'before' | 'after', what: string) => Promise<void> | void = () => undefined;

  constructor(readonly objects: Map<string, WorldObject> = new Map()) {}

  clone(): FakeWorld {
    return new FakeWorld(structuredClone(this.objects));
  }

  /** What exists, without ids. */
  inventory(): readonly string[] {
    return [...this.objects.values()]
      .map(({ name, props }) => `${name} ${String(props['value'])} ${String(props['size'] ?? '')}`.trim())
      .sort();
  }

  check(_urn: string, _olds: PropertyMap, news: PropertyMap) {
    const failures = news['value'] === 'invalid' ? [{ property: 'value', reason: 'may not be "invalid"' }] : [];
    return Promise.resolve({ inputs: news, failures });
  }

  diff(_id: string, _urn: string, olds: PropertyMap, news: PropertyMap): Promise<DiffResult> {
    const changed = changedKeys(olds, news);
    return Promise.resolve({ changes: changed.length > 0, replaces: changed.filter((key) => key === 'size'), deleteBeforeReplace: false });
  }

  async create(urn: string, inputs: PropertyMap, { seed }: CreateContext) {
    const id = this.plannedId(urn, inputs, seed);
    await this.effect(`create ${nameOf(urn)}`, () => this.objects.set(id, { name: nameOf(urn), props: inputs }));
    return { id, outs: { ...inputs, made: `made-${nameOf(urn)}` } };
  }

  read(id: string, _urn: string, props: PropertyMap): Promise<PropertyMap | undefined> {
    const live = this.objects.get(id);
    return Promise.resolve(live === undefined ? undefined : { ...props, ...live.props });
  }

  async update(id: string, urn: string, olds: PropertyMap, news: PropertyMap) {
    await this.effect(`update ${nameOf(urn)}`, () => this.objects.set(id, { name: nameOf(urn), props: news }));
    return { outs: { ...olds, ...news } };
  }

  async delete(id: string, urn: string): Promise<void> {
    await this.effect(`delete ${nameOf(urn)}`, () => this.objects.delete(id));
  }

  plannedId(urn: string, _inputs: PropertyMap, seed: string): string {
    return `${nameOf(urn)}-${seed}`;
  }

  invoke(): Promise<PropertyMap> {
    return Promise.resolve({});
  }

  private async effect(what: string, change: () => void): Promise<void> {
    await this.hook('before', what);
    change();
    this.log.push(what);
    await this.hook('after', what);
  }
}
