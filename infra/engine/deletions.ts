import { deletionOrder } from './deletion-order.js';
import type { Deployment } from './deployment.js';
import { engineError } from './engine-error.js';
import { plainMap } from './property-values.js';
import type { PendingOperation, ResourceState } from './state-model.js';
import { isProviderType, nameOf, typeOf } from './urn.js';

const needsProvider = (r: ResourceState): boolean => r.custom && !isProviderType(r.type);

/** Deletes one resource: written ahead, asked, committed. */
export const deleteResource = async (d: Deployment, resource: ResourceState, op = 'delete', skipProvider = false): Promise<void> => {
  const step = { op, urn: resource.urn, type: resource.type, old: resource };
  d.parts.events.started(step);
  if (op === 'delete') d.count(op);
  try {
    if (!d.parts.dryRun) {
      const ask = needsProvider(resource) && !resource.retainOnDelete && !skipProvider;
      const pending = ask ? await d.begin('delete', resource.urn, resource.id, {}) : undefined;
      if (ask)
        await d.parts.providers.of(resource.type).delete(resource.id, resource.urn, plainMap({ ...resource.inputs, ...resource.outputs }));
      await d.commit(pending, (all) => all.filter((r) => r !== resource && !(r.urn === resource.urn && r.id === resource.id)));
    }
    d.parts.events.done(step);
  } catch (error) {
    d.parts.events.failed(step);
    throw d.resourceFailure(resource.type, nameOf(resource.urn), error);
  }
};

/** Deletes in dependency order; refuses before the first deletion where one of them is protected. */
export const deleteAll = async (d: Deployment, doomed: readonly ResourceState[]): Promise<void> => {
  const held = d.parts.dryRun ? undefined : doomed.find((r) => r.protect);
  if (held !== undefined)
    throw engineError('resource_protected', `${held.type} "${nameOf(held.urn)}" would be deleted, but it is protected`);
  const urns = new Set(doomed.filter((r) => !r.condemned).map((r) => r.urn));
  for (const resource of deletionOrder(doomed)) {
    d.throwIfStopped();
    await d.track(() => deleteResource(d, resource, resource.condemned ? 'delete-replaced' : 'delete', urns.has(resource.deletedWith)));
  }
};

/** After the program has run: what it no longer asks for, and what was replaced. */
export const deleteGone = (d: Deployment): Promise<void> =>
  deleteAll(
    d,
    d.state.resources.filter((r) => r.condemned || !d.registered.has(r.urn)),
  );

/** Before anything else: a deletion that was under way when a run died has perhaps happened, so it is finished. */
export const finishPendingDeletes = async (d: Deployment): Promise<void> => {
  for (const pending of d.state.pendingOperations.filter((p) => p.kind === 'delete')) {
    const resource = d.state.resources.find((r) => r.urn === pending.urn && r.id === pending.id);
    if (resource !== undefined) await deleteResource(d, resource);
  }
};

/** Undoes a create that may have happened and that nobody wants any more. */
export const discardPendingCreate = async (d: Deployment, pending: PendingOperation): Promise<void> => {
  const type = typeOf(pending.urn);
  const inputs = plainMap(pending.inputs);
  try {
    const provider = d.parts.providers.of(type);
    const id = provider.plannedId(pending.urn, inputs, pending.seed);
    await provider.disown?.(id, pending.urn);
    await provider.delete(id, pending.urn, inputs);
  } catch (error) {
    throw d.resourceFailure(type, nameOf(pending.urn), error);
  }
  await d.commit(pending, (resources) => resources);
};

/** At the end of a run: unfinished creates of resources that the program did not ask for this time. */
export const discardLeftovers = async (d: Deployment): Promise<void> => {
  for (const pending of d.state.pendingOperations.filter((p) => p.kind === 'create')) await discardPendingCreate(d, pending);
};
