import { changedKeys } from '../diff.js';
import type { PropertyMap } from '../property-values.js';
import type { CheckFailure, DiffResult, ResourceProvider } from '../resource-provider.js';
import { typeOf } from '../urn.js';
import { localDatabase } from './database.js';
import type { LocalResource } from './local-resource.js';
import { LocalSettingsSchema, type LocalSettings } from './local-settings.js';
import { localPort } from './port.js';
import { localProcess } from './process.js';
import { localSecret } from './secret.js';

type AnyResource = LocalResource<unknown>;

/** How to add one: docs/contributing/add-a-stamp-resource.md */
const resourcesFor = (settings: LocalSettings): Readonly<Record<string, AnyResource>> => ({
  'lapidary:local:Secret': localSecret() as AnyResource,
  'lapidary:local:Port': localPort(settings) as AnyResource,
  'lapidary:local:Database': localDatabase(settings) as AnyResource,
  'lapidary:local:Process': localProcess(settings) as AnyResource,
});

/** Realises the template's local target on this machine: the package `lapidary`. */
export class LocalProvider implements ResourceProvider {
  private readonly resources: Readonly<Record<string, AnyResource>>;

  constructor(settings: unknown) {
    this.resources = resourcesFor(LocalSettingsSchema.parse(settings));
  }

  check(urn: string, _olds: PropertyMap, news: PropertyMap): Promise<{ inputs: PropertyMap; failures: readonly CheckFailure[] }> {
    const result = this.of(urn).inputs.safeParse(news);
    const failures = result.success ? [] : result.error.issues.map((issue) => ({ property: issue.path.join('.'), reason: issue.message }));
    return Promise.resolve({ inputs: news, failures });
  }

  diff(_id: string, urn: string, olds: PropertyMap, news: PropertyMap): Promise<DiffResult> {
    const changed = changedKeys(olds, news);
    const replaces = changed.filter((key) => this.of(urn).replacedBy.includes(key));
    // Names and ports belong to one at a time.
    return Promise.resolve({ changes: changed.length > 0, replaces, deleteBeforeReplace: true });
  }

  async create(urn: string, inputs: PropertyMap) {
    const outs = await this.of(urn).create(urn, this.parsed(urn, inputs));
    return { id: this.plannedId(urn, inputs), outs };
  }

  read(id: string, urn: string, props: PropertyMap): Promise<PropertyMap | undefined> {
    return this.of(urn).read(id, urn, props);
  }

  stated(urn: string, props: PropertyMap): PropertyMap {
    return this.of(urn).stated?.(props) ?? {};
  }

  async update(_id: string, urn: string, olds: PropertyMap, news: PropertyMap) {
    return { outs: await this.of(urn).update(urn, this.parsed(urn, news), olds) };
  }

  delete(id: string, urn: string, props: PropertyMap): Promise<void> {
    return this.of(urn).delete(id, urn, props);
  }

  plannedId(urn: string, inputs: PropertyMap): string {
    return this.of(urn).idOf(urn, this.parsed(urn, inputs));
  }

  invoke(token: string): Promise<PropertyMap> {
    return Promise.reject(new Error(`the local provider has no function ${token}`));
  }

  private of(urn: string): AnyResource {
    const resource = this.resources[typeOf(urn)];
    if (resource === undefined) throw new Error(`the local provider has no resource ${typeOf(urn)}`);
    return resource;
  }

  private parsed(urn: string, inputs: PropertyMap): unknown {
    return this.of(urn).inputs.parse(inputs);
  }
}
