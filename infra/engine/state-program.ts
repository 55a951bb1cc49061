import * as pulumi from '@pulumi/pulumi';
import type { PulumiFn } from '@pulumi/pulumi/automation/index.js';
import { z } from 'zod';
import { mapSecrets, secretContent, type PropertyMap, type PropertyValue } from './property-values.js';
import { isProviderType, nameOf, packageOf, stackType } from './urn.js';

/** As much of a resource as `pulumi stack export --show-secrets` tells and is needed to register it once more. */
const ExportedResourceSchema = z.object({
  urn: z.string(),
  type: z.string(),
  custom: z.boolean().default(false),
  /** Replaced, and still to be deleted: by the real engine and by ours. */
  delete: z.boolean().default(false),
  condemned: z.boolean().default(false),
  parent: z.string().default(''),
  provider: z.string().default(''),
  inputs: z.record(z.string(), z.json()).default({}),
  outputs: z.record(z.string(), z.json()).default({}),
  dependencies: z.array(z.string()).default([]),
  protect: z.boolean().default(false),
  retainOnDelete: z.boolean().default(false),
});
export type ExportedResource = z.infer<typeof ExportedResourceSchema>;

/** What stands in the stack, without what is condemned. */
export const exportedResources = (deployment: unknown): readonly ExportedResource[] =>
  z
    .object({ resources: z.array(ExportedResourceSchema).default([]) })
    .parse(deployment)
    .resources.filter((r) => !r.delete && !r.condemned);

/**
 * A program that says of every resource what the state says, changed by `change` where that gives something else: for runs that
 * touch a few resources of a stack, whichever template it was built from and however far it got. Nothing is rendered, so nothing
 * else can come out differently.
 */
export const stateProgram =
  (resources: readonly ExportedResource[], change: (resource: ExportedResource) => ExportedResource): PulumiFn =>
  () => {
    const byUrn = new Map(resources.map((r) => [r.urn, r]));
    const made = new Map<string, pulumi.Resource | undefined>();
    // What something needs comes before it: a resource that came with a later template stands at the end of the state.
    const resourceOf = (urn: string): pulumi.Resource | undefined => {
      const resource = byUrn.get(urn);
      if (resource === undefined || made.has(urn)) return made.get(urn);
      made.set(urn, undefined);
      const found = declare(change(resource), resourceOf);
      made.set(urn, found);
      return found;
    };
    for (const { urn } of resources) resourceOf(urn);
    const stack = resources.find((r) => r.type === stackType);
    return Promise.resolve(stack === undefined ? {} : inputsOf(stack.outputs));
  };

const declare = (
  { urn, type, custom, parent, provider, inputs, dependencies, protect, retainOnDelete }: ExportedResource,
  resourceOf: (urn: string) => pulumi.Resource | undefined,
): pulumi.Resource | undefined => {
  const name = nameOf(urn);
  // The engine makes the stack, and the providers that no program names.
  if (type === stackType || (isProviderType(type) && name.startsWith('default'))) return undefined;
  const above = resourceOf(parent);
  const options: pulumi.CustomResourceOptions = {
    ...(above ? { parent: above } : {}),
    dependsOn: dependencies.flatMap((needed) => resourceOf(needed) ?? []),
    protect,
    retainOnDelete,
  };
  if (isProviderType(type)) return new AnyProvider(packageOf(type), name, inputsOf(inputs), options);
  if (!custom) return new pulumi.ComponentResource(type, name, {}, options);
  // A provider is referred to by `<urn>::<id>`.
  const through = resourceOf(provider.slice(0, provider.lastIndexOf('::')));
  return new AnyResource(type, name, inputsOf(inputs), {
    ...options,
    ...(through instanceof pulumi.ProviderResource ? { provider: through } : {}),
  });
};

class AnyProvider extends pulumi.ProviderResource {}
class AnyResource extends pulumi.CustomResource {}

/** Keys with two underscores are a provider's own book-keeping; secrets come with their plain text beside them. */
const inputsOf = (values: PropertyMap): pulumi.Inputs =>
  Object.fromEntries(Object.entries(values).flatMap(([key, value]) => (key.startsWith('__') ? [] : [[key, revealed(value)]])));

const revealed = (value: PropertyValue): unknown => {
  let isHidden = false;
  const open = mapSecrets(value, (found) => {
    isHidden = true;
    const text = found['plaintext'];
    return typeof text === 'string' ? (JSON.parse(text) as PropertyValue) : secretContent(found);
  });
  return isHidden ? pulumi.secret(open as unknown) : open;
};
