import type { ResourceState } from './state-model.js';

/** What must still exist while the resource does. */
const needsOf = (resource: ResourceState): readonly string[] => {
  // A provider reference is `<urn>::<id>`.
  const provider = resource.provider === '' ? [] : [resource.provider.slice(0, resource.provider.lastIndexOf('::'))];
  return [...resource.dependencies, ...provider, ...(resource.parent === '' ? [] : [resource.parent])];
};

/**
 * The order in which `doomed` resources are deleted: each only after all that depend on it, lie in it, or are made through
 * it. Among those that are free, the one that was registered last goes first, so the order is the same every time.
 */
export const deletionOrder = (doomed: readonly ResourceState[]): readonly ResourceState[] => {
  const users = new Map<string, number>();
  for (const resource of doomed) for (const need of needsOf(resource)) users.set(need, (users.get(need) ?? 0) + 1);
  const left = [...doomed];
  const order: ResourceState[] = [];
  while (left.length > 0) {
    // A cycle can't come from a program; from a damaged state it must not end in an endless loop.
    const free = left.findLastIndex((resource) => (users.get(resource.urn) ?? 0) === 0);
    const [next] = left.splice(free === -1 ? left.length - 1 : free, 1);
    if (next === undefined) break;
    order.push(next);
    for (const need of needsOf(next)) users.set(need, (users.get(need) ?? 1) - 1);
  }
  return order;
};
