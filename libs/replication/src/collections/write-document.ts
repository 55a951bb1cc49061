import { FieldNameSchema, type CollectionPolicy, type DocumentOperation } from '@lapidary/contracts/api/collections';
import type { Definition, DocumentChanged } from '@lapidary/contracts/events/collection-events';
import { AppError } from '@lapidary/kernel/app-error';
import { appendEntry } from '../merge/append.js';
import { counterWriter, lifeOfCounter, operateCounter, type CounterOperation } from '../merge/counter.js';
import type { Json } from '../merge/json.js';
import { deleteLww, fieldsToRemove, isAlive, viewLww, writeLww, type LwwState } from '../merge/lww.js';
import { writeRegister } from '../merge/register.js';
import type { DocumentKey, Site, StoredDocument } from './collection-store.js';
import { emptyState, mergeStates, type DocumentState } from './document-state.js';
import { writeNested } from './write-nested.js';
import { settledBy, wholeEvery, type Written } from './written.js';

export type WriteCommand =
  | { readonly op: 'put'; readonly value: Json }
  | { readonly op: 'patch'; readonly value: { readonly [key: string]: Json } }
  | { readonly op: 'operate'; readonly operations: readonly DocumentOperation[] }
  | { readonly op: 'delete' };

/** Whether it spends or gives rights of a counter. */
export const usesRights = (write: WriteCommand): boolean =>
  write.op === 'operate' && write.operations.some(({ op }) => op === 'subtract' || op === 'give');

const invalid = (message: string): AppError => new AppError('invalid_input', message);
const missing = (key: DocumentKey): AppError => new AppError('not_found', `There is no document ${key.id} in ${key.collection}`);
const isObject = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a write changes, decided on the state as it is here; null where it changes nothing. Throws AppErrors of the catalogue. */
export const planWrite = async (
  site: Site,
  key: DocumentKey,
  definition: Definition,
  before: StoredDocument | null,
  command: WriteCommand,
  at: string,
): Promise<Written | null> => {
  const stored = before ?? { state: emptyState(key.kind), bytes: null, toldInPart: 0 };
  const { policy } = definition;
  switch (stored.state.kind) {
    case 'lww':
      return writtenState(stored, policy, { kind: 'lww', ...lwwChange(key, stored.state, policy, command, at) });
    case 'counter':
      return writtenState(stored, policy, counterChange(site, key, stored.state, policy, command, at));
    case 'append':
      return entryChange(key, stored, policy, command, at);
    case 'document':
      if (command.op !== 'put' && !isAlive(stored.state.alive)) throw missing(key);
      return await writeNested(site, key, stored, stored.state, policy, command, at);
  }
};

const writtenState = (stored: StoredDocument, policy: CollectionPolicy, delta: DocumentState): Written => {
  const state = mergeStates(stored.state, delta);
  // A counter's change holds all rows, an entry is whole: only fields may be told in part.
  const whole = delta.kind !== 'lww' || stored.toldInPart + 1 >= wholeEvery;
  const { kind: _, ...change } = whole && delta.kind === 'lww' ? state : delta;
  return {
    after: { ...stored, state, toldInPart: whole ? 0 : stored.toldInPart + 1 },
    change: change as unknown as DocumentChanged['change'],
    whole,
    settled: settledBy(stored.state, state, policy),
  };
};

const lwwChange = (key: DocumentKey, state: LwwState, policy: CollectionPolicy, command: WriteCommand, at: string): LwwState => {
  const shown = viewLww(state, policy.kind === 'lww' ? policy.rules : {});
  if (command.op === 'operate') throw invalid('Documents of policy lww take PUT, PATCH and DELETE');
  if (command.op !== 'put' && shown === null) throw missing(key);
  if (command.op === 'delete') return deleteLww(state, at);
  const { value } = command;
  if (!isObject(value)) throw invalid('A document of policy lww is an object: its fields are merged one by one');
  for (const name of Object.keys(value))
    if (!FieldNameSchema.safeParse(name).success) throw invalid(`"${name.slice(0, 100)}" is no name of a field`);
  if (command.op === 'put')
    return writeLww(
      state,
      at,
      value,
      fieldsToRemove(state).filter((name) => !Object.hasOwn(value, name)),
    );
  const set = Object.fromEntries(Object.entries(value).filter(([, v]) => v !== null));
  return writeLww(
    state,
    at,
    set,
    Object.keys(value).filter((name) => value[name] === null),
  );
};

const counterChange = (
  site: Site,
  key: DocumentKey,
  state: DocumentState & { kind: 'counter' },
  policy: CollectionPolicy,
  command: WriteCommand,
  at: string,
): DocumentState => {
  if (command.op === 'delete') {
    if (!isAlive(state.alive)) throw missing(key);
    return { ...state, alive: writeRegister(state.alive, at, false) };
  }
  if (command.op !== 'operate' || command.operations.length !== 1)
    throw invalid('Counters take one operation a request: add, subtract or give');
  const [operation] = command.operations as readonly CounterOperation[];
  if (!['add', 'subtract', 'give'].includes(operation!.op)) throw invalid('Counters take the operations add, subtract and give');
  if (operation!.op === 'give' && operation!.to === site.region) throw invalid('Rights are given to another region');
  const outcome = operateCounter(state, site.region, site.epoch, operation!, policy.kind === 'counter' && policy.bounded);
  if (!outcome.ok && outcome.why === 'too-large') throw invalid('The counter would exceed exact numbers');
  if (!outcome.ok) {
    throw new AppError('rights_exhausted', `Region ${site.region} may subtract ${outcome.rights}, not ${operation!.units}`, {
      details: { rights: outcome.rights, asked: operation!.units, region: site.region },
    });
  }
  return {
    ...state,
    rows: { ...state.rows, [counterWriter(site.region, site.epoch, lifeOfCounter(state))]: outcome.row },
    alive: writeRegister(state.alive, at, true),
  };
};

const entryChange = (
  key: DocumentKey,
  stored: StoredDocument,
  policy: CollectionPolicy,
  command: WriteCommand,
  at: string,
): Written | null => {
  if (command.op !== 'put') throw invalid('Entries of an append-only collection are put, and never changed or deleted');
  const entry = appendEntry(at, command.value);
  const known = stored.state.kind === 'append' ? stored.state.variants : [];
  if (known.some((v) => v.digest === entry.variants[0]!.digest)) return null;
  if (known.length > 0) throw new AppError('entry_differs', `${key.id} in ${key.collection} has another body`);
  return writtenState(stored, policy, { kind: 'append', ...entry });
};
