import { changedPaths, withIgnored } from './diff.js';
import { detailedDiff } from './detailed-diff.js';
import { put, type Deployment } from './deployment.js';
import { deleteResource, discardPendingCreate } from './deletions.js';
import { engineError } from './engine-error.js';
import { containsUnknown, plainMap, secretKeysOf, withoutKeys, withSecretsMarked, type PropertyMap } from './property-values.js';
import type { ResourceGoal } from './resource-goal.js';
import type { DiffResult, ResourceProvider } from './resource-provider.js';
import type { PendingOperation, ResourceState } from './state-model.js';
import { nameOf } from './urn.js';
import type { Step } from './event-stream.js';

const noDifference: DiffResult = { changes: false, replaces: [], deleteBeforeReplace: false };

export type StepOp = 'create' | 'update' | 'replace' | 'same';

/** Which step leads from what is known to what is wanted. A half-done update is repeated even where nothing differs. */
export const chooseStep = (old: ResourceState | undefined, unfinishedUpdate: PendingOperation | undefined, diff: DiffResult): StepOp => {
  if (old === undefined) return 'create';
  if (diff.replaces.length > 0) return 'replace';
  return diff.changes || unfinishedUpdate !== undefined ? 'update' : 'same';
};

/** Brings one custom resource to its goal. Returns its new state; in a preview what can be told of it. */
export const stepCustomResource = async (d: Deployment, goal: ResourceGoal): Promise<ResourceState> => {
  const provider = d.parts.providers.of(goal.type);
  const old = d.find(goal.urn);
  const inputs = await checkedInputs(provider, goal, old);
  const diff = old === undefined ? noDifference : await difference(provider, goal, old, inputs);
  const op = chooseStep(old, d.pendingOn(goal.urn, 'update'), diff);
  // A plan shows it, with its protection; whoever approves it by name lifts that (gate.ts).
  if (op === 'replace' && old?.protect === true && !d.parts.dryRun)
    throw engineError('resource_protected', `${goal.type} "${nameOf(goal.urn)}" would be replaced, but it is protected`);
  const next = stateOf(goal, inputs, old?.id ?? '', old?.outputs ?? {});
  const step: Step = {
    op: op === 'replace' ? 'create-replacement' : op,
    urn: goal.urn,
    type: goal.type,
    old,
    new: next,
    differences: old === undefined ? [] : detailedDiff(old.inputs, inputs),
    replaces: diff.replaces,
  };
  d.parts.events.started(step);
  d.count(op);
  try {
    const unwanted = op === 'same' || op === 'update' ? d.pendingOn(goal.urn, 'create') : undefined;
    if (unwanted !== undefined && !d.parts.dryRun) await discardPendingCreate(d, unwanted);
    const done = d.parts.dryRun ? previewed(op, next, old) : await execute(d, provider, op, next, old, diff, goal);
    d.parts.events.done({ ...step, new: done });
    return done;
  } catch (error) {
    d.parts.events.failed(step);
    throw error;
  }
};

const execute = async (
  d: Deployment,
  provider: ResourceProvider,
  op: StepOp,
  next: ResourceState,
  old: ResourceState | undefined,
  diff: DiffResult,
  goal: ResourceGoal,
): Promise<ResourceState> => {
  if (op === 'same') return keep(d, next);
  if (op === 'update') return update(d, provider, next);
  const deleteFirst = op === 'replace' && (goal.deleteBeforeReplace ?? diff.deleteBeforeReplace);
  if (deleteFirst && old !== undefined) await deleteResource(d, old, 'delete-replaced');
  return create(d, provider, next);
};

const create = async (d: Deployment, provider: ResourceProvider, next: ResourceState): Promise<ResourceState> => {
  const pending = await d.begin('create', next.urn, '', next.inputs);
  const secretKeys = [...secretKeysOf(next.inputs), ...next.secretOutputs];
  const like = withoutKeys(next.inputs, next.secretOutputs);
  const { id, outs } = await provider.create(next.urn, plainMap(next.inputs), { seed: pending.seed, secretKeys });
  const made = learned(d, { ...next, id, outputs: withSecretsMarked(outs, secretKeys, like) });
  // The old one of a replacement is condemned in the same write: never two that both count, never none.
  await d.commit(pending, (resources) => [
    ...put(resources, made),
    ...resources.filter((r) => r.urn === made.urn && !r.condemned).map((r) => ({ ...r, condemned: true })),
  ]);
  return made;
};

const update = async (d: Deployment, provider: ResourceProvider, next: ResourceState): Promise<ResourceState> => {
  const pending = await d.begin('update', next.urn, next.id, next.inputs);
  const secretKeys = [...secretKeysOf(next.inputs), ...next.secretOutputs];
  const like = withoutKeys(next.inputs, next.secretOutputs);
  const { outs } = await provider.update(next.id, next.urn, plainMap(next.outputs), plainMap(next.inputs), { secretKeys });
  const made = learned(d, { ...next, outputs: withSecretsMarked(outs, secretKeys, like) });
  await d.commit(pending, (resources) => put(resources, made));
  return made;
};

/** Nothing to do at the provider; but what the program says about it (dependencies, protection) may have changed. */
const keep = async (d: Deployment, next: ResourceState): Promise<ResourceState> => {
  if (JSON.stringify(d.find(next.urn)) !== JSON.stringify(next)) await d.commit(undefined, (resources) => put(resources, next));
  return next;
};

/** As the real engine answers in previews: of what is not yet made only the inputs are known. */
const previewed = (op: StepOp, next: ResourceState, old: ResourceState | undefined): ResourceState => {
  if (op === 'same') return next;
  if (op === 'update' && old !== undefined) return { ...next, outputs: { ...old.outputs, ...next.inputs } };
  return { ...next, id: '', outputs: next.inputs };
};

const learned = (d: Deployment, state: ResourceState): ResourceState => {
  d.parts.scrubber.learn(state.outputs);
  return state;
};

const checkedInputs = async (provider: ResourceProvider, goal: ResourceGoal, old: ResourceState | undefined): Promise<PropertyMap> => {
  const wanted = old === undefined ? goal.inputs : withIgnored(old.inputs, goal.inputs, goal.ignoreChanges);
  // In a preview some inputs are not known yet; they are checked when they are.
  if (containsUnknown(wanted)) return wanted;
  const { inputs, failures } = await provider.check(goal.urn, plainMap(old?.inputs ?? {}), plainMap(wanted));
  if (failures.length > 0) throw new Error(failures.map((f) => `${f.property}: ${f.reason}`).join('; '));
  // The provider answers in plain and may add defaults; marks are kept from what the program said.
  return { ...inputs, ...Object.fromEntries(Object.entries(wanted).filter(([key]) => key in inputs)) };
};

const difference = async (provider: ResourceProvider, goal: ResourceGoal, old: ResourceState, inputs: PropertyMap): Promise<DiffResult> => {
  const found = await provider.diff(old.id, goal.urn, plainMap(old.inputs), plainMap(inputs));
  const all = goal.replaceOnChanges.includes('*');
  const asked = changedPaths(old.inputs, inputs).filter((path) => all || goal.replaceOnChanges.includes(path.split('.')[0] ?? path));
  return { ...found, changes: found.changes || asked.length > 0, replaces: [...new Set([...found.replaces, ...asked])] };
};

export const stateOf = (goal: ResourceGoal, inputs: PropertyMap, id: string, outputs: PropertyMap): ResourceState => ({
  urn: goal.urn,
  type: goal.type,
  custom: goal.custom,
  id,
  parent: goal.parent,
  provider: goal.provider,
  inputs,
  outputs,
  dependencies: [...goal.dependencies],
  protect: goal.protect,
  retainOnDelete: goal.retainOnDelete,
  deletedWith: goal.deletedWith,
  secretOutputs: [...goal.secretOutputs],
  condemned: false,
});
