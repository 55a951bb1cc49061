import { changedPaths } from './diff.js';
import { detailedDiff } from './detailed-diff.js';
import type { Deployment } from './deployment.js';
import { plainMap, secretKeysOf, withoutKeys, withSecretsMarked, type PropertyMap } from './property-values.js';
import type { ResourceState } from './state-model.js';
import { isProviderType, nameOf } from './urn.js';

/**
 * Compares the state with what really exists and adopts what it finds: a resource that is gone leaves the state, one that
 * differs gets the real values, so that the next `up` repairs it.
 */
export const refreshAll = async (d: Deployment): Promise<void> => {
  for (const resource of [...d.state.resources]) {
    d.throwIfStopped();
    if (!resource.custom || isProviderType(resource.type) || resource.condemned) continue;
    await d.track(() => refreshOne(d, resource));
  }
};

const refreshOne = async (d: Deployment, resource: ResourceState): Promise<void> => {
  const provider = d.parts.providers.of(resource.type);
  const props = plainMap(resource.outputs);
  const live = await provider.read(resource.id, resource.urn, props).catch((error: unknown) => {
    throw d.resourceFailure(resource.type, nameOf(resource.urn), error);
  });
  const stated = provider.stated?.(resource.urn, props) ?? {};
  const known = { ...resource, outputs: marked(resource, { ...stated, ...props }) };
  const seen = live === undefined ? undefined : adopted(resource, live);
  const differences = seen === undefined ? [] : detailedDiff(known.outputs, seen.outputs);
  const op = seen === undefined ? 'delete' : differences.length > 0 ? 'update' : 'same';
  const step = { op, urn: resource.urn, type: resource.type, old: known, new: seen, differences };
  const next = seen && { ...seen, outputs: withoutKeys(seen.outputs, Object.keys(stated)) };
  d.parts.events.started(step);
  d.count(op);
  if (op !== 'same') {
    // A preview changes the copy in memory too: `preview --refresh` then shows the repair. Only saving is left out.
    d.state.resources = d.state.resources.flatMap((r) => (r !== resource ? [r] : next === undefined ? [] : [next]));
    await d.save();
  }
  d.parts.events.done(step);
};

/** Secret where the program's inputs are; so of an environment each variable is compared, and shown, by its own path. */
const marked = ({ inputs, outputs, secretOutputs }: ResourceState, values: PropertyMap): PropertyMap => {
  const secretKeys = [...secretKeysOf(inputs), ...secretKeysOf(outputs), ...secretOutputs];
  return withSecretsMarked(values, secretKeys, withoutKeys(inputs, secretOutputs));
};

const adopted = (resource: ResourceState, live: PropertyMap): ResourceState => {
  const drifted = changedPaths(resource.outputs, live).map((path) => path.split('.')[0] ?? path);
  const outputs = marked(resource, live);
  const inputs = Object.fromEntries(
    Object.entries(resource.inputs).map(([key, value]) => [
      key,
      drifted.includes(key) && outputs[key] !== undefined ? outputs[key] : value,
    ]),
  );
  return { ...resource, inputs, outputs };
};
