import { changedPaths } from './diff.js';
import { detailedDiff } from './detailed-diff.js';
import type { Deployment } from './deployment.js';
import { plainMap, secretKeysOf, withSecretsMarked, type PropertyMap } from './property-values.js';
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
  const live = await d.parts.providers
    .of(resource.type)
    .read(resource.id, resource.urn, plainMap(resource.outputs))
    .catch((error: unknown) => {
      throw d.resourceFailure(resource.type, nameOf(resource.urn), error);
    });
  const next = live === undefined ? undefined : adopted(resource, live);
  const differences = next === undefined ? [] : detailedDiff(resource.outputs, next.outputs);
  const op = next === undefined ? 'delete' : differences.length > 0 ? 'update' : 'same';
  const step = { op, urn: resource.urn, type: resource.type, old: resource, new: next, differences };
  d.parts.events.started(step);
  d.count(op);
  if (op !== 'same') {
    // A preview changes the copy in memory too: `preview --refresh` then shows the repair. Only saving is left out.
    d.state.resources = d.state.resources.flatMap((r) => (r !== resource ? [r] : next === undefined ? [] : [next]));
    await d.save();
  }
  d.parts.events.done(step);
};

const adopted = (resource: ResourceState, live: PropertyMap): ResourceState => {
  const secretKeys = [...secretKeysOf(resource.inputs), ...secretKeysOf(resource.outputs), ...resource.secretOutputs];
  const drifted = changedPaths(resource.outputs, live).map((path) => path.split('.')[0] ?? path);
  const marked = withSecretsMarked(live, secretKeys);
  const inputs = Object.fromEntries(
    Object.entries(resource.inputs).map(([key, value]) => [key, drifted.includes(key) && marked[key] !== undefined ? marked[key] : value]),
  );
  return { ...resource, inputs, outputs: marked };
};
