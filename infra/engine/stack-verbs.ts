import type { CommandContext, Verb } from './command-context.js';
import { engineError } from './engine-error.js';
import { mapSecrets, masked, plain, type PropertyMap } from './property-values.js';
import { StateFile } from './state-file.js';
import { StateLock } from './state-lock.js';
import { emptyState, type StackState } from './state-model.js';

/** The words by which the SDK recognises its StackNotFoundError and StackAlreadyExistsError. */
const notFound = (stack: string) => engineError('unsupported', `no stack named '${stack}' found`);
const alreadyExists = (stack: string) => engineError('unsupported', `stack '${stack}' already exists`);

export const loadStack = async (context: CommandContext): Promise<StackState> => {
  const state = await context.file.load();
  if (state === undefined) throw notFound(context.stack);
  return state;
};

const locked = async <T>(context: CommandContext, work: () => Promise<T>): Promise<T> => {
  const lock = context.locks === undefined ? undefined : await StateLock.acquire(context.locks, context.stack);
  try {
    return await work();
  } finally {
    await lock?.release();
  }
};

/** Load, change, save under the stack's lock, so that no running operation writes its older copy over it. */
export const changeStack = (context: CommandContext, change: (state: StackState) => StackState): Promise<void> =>
  locked(context, async () => context.file.save(change(await loadStack(context))));

const init: Verb = async (c) => {
  await locked(c, async () => {
    if (await c.file.exists()) throw alreadyExists(c.stack);
    await c.file.save(emptyState(c.project));
  });
  return '';
};

const select: Verb = async (c) => {
  if (!(await c.file.exists())) throw notFound(c.stack);
  return '';
};

const remove: Verb = async (c) => {
  await locked(c, async () => {
    const left = (await loadStack(c)).resources.length;
    if (left > 0 && !c.cli.flags.has('force')) throw engineError('unsupported', `stack '${c.stack}' still has ${left} resources`);
    await c.file.remove();
  });
  return '';
};

const list: Verb = async (c) =>
  JSON.stringify((await StateFile.stacksIn(c.directory)).map((name) => ({ name, current: false, updateInProgress: false, url: '' })));

const output: Verb = async (c) => {
  const { outputs } = await loadStack(c);
  return JSON.stringify(c.cli.flags.has('show-secrets') ? plain(outputs) : masked(outputs));
};

const history: Verb = async (c) => {
  const entries = (await loadStack(c)).history.toReversed();
  const size = Number(c.cli.flags.get('page-size') ?? entries.length);
  const page = Number(c.cli.flags.get('page') ?? 1);
  return JSON.stringify(entries.slice((page - 1) * size, page * size).map((entry) => ({ ...entry, environment: {}, config: {} })));
};

/** Secrets leave as Pulumi writes them: `{ [signature]: …, plaintext }` when asked for, masked otherwise. */
const exportState: Verb = async (c) => {
  const state = await loadStack(c);
  const show = (values: PropertyMap): unknown =>
    c.cli.flags.has('show-secrets')
      ? mapSecrets(values, (s) => ({ ...s, plaintext: JSON.stringify(plain(s)), value: null }))
      : masked(values);
  const resources = state.resources.map((r) => ({ ...r, inputs: show(r.inputs), outputs: show(r.outputs) }));
  const pending = state.pendingOperations.map(({ kind, urn }) => ({ type: kind, resource: { urn } }));
  return JSON.stringify({ version: 3, deployment: { resources, pending_operations: pending } });
};

/** The next run may replace or delete them; what the program protects is protected again by it. */
const unprotect: Verb = async (c) => {
  const named = c.cli.words.slice(2);
  const all = c.cli.flags.has('all');
  if (!all && named.length === 0) throw engineError('unsupported', 'state unprotect needs URNs or --all');
  await changeStack(c, (state) => ({
    ...state,
    resources: state.resources.map((r) => (all || named.includes(r.urn) ? { ...r, protect: false } : r)),
  }));
  return '';
};

export const stackVerbs: Readonly<Record<string, Verb>> = {
  'stack init': init,
  'stack select': select,
  'stack rm': remove,
  'stack ls': list,
  'stack output': output,
  'stack history': history,
  'stack export': exportState,
  'state unprotect': unprotect,
  stack: select,
};
