import { engineError } from './engine-error.js';
import type { ProviderFactory, ResourceProvider } from './resource-provider.js';
import type { ConfigValue } from './state-model.js';
import { packageOf } from './urn.js';

/** The providers of one run, one per package, made when the first resource of the package appears. */
export class ProviderRegistry {
  private readonly made = new Map<string, ResourceProvider>();

  constructor(
    private readonly factories: Readonly<Record<string, ProviderFactory>>,
    private readonly config: Readonly<Record<string, ConfigValue>>,
  ) {}

  of(type: string): ResourceProvider {
    const name = packageOf(type);
    const known = this.made.get(name);
    if (known !== undefined) return known;
    const factory = this.factories[name];
    if (factory === undefined) throw engineError('engine_unavailable', `the embedded engine has no provider for ${type}`);
    const provider = factory(packageConfig(name, this.config));
    this.made.set(name, provider);
    return provider;
  }
}

/** As Pulumi configures default providers: every key of the stack's config in the package's name space. */
const packageConfig = (name: string, config: Readonly<Record<string, ConfigValue>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(config).flatMap(([key, { value }]) => (key.startsWith(`${name}:`) ? [[key.slice(name.length + 1), value]] : [])),
  );
