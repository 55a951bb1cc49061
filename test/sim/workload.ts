import type { DocumentChanged } from '@lapidary/contracts/events/collection-events';
import type { DocumentKey } from '@lapidary/replication/collections/collection-store';
import { AppError } from '@lapidary/kernel/app-error';
import { maySpendRights } from '@lapidary/replication/recovery/recovery-states';
import { keyOfChange, keyText } from '@lapidary/replication/collections/collection-store';
import { resolveDefinition, type Defined } from '@lapidary/replication/collections/definitions';
import { isUnbegun } from '@lapidary/replication/collections/document-state';
import { rightsOf } from '@lapidary/replication/merge/counter';
import { executeWrite } from '@lapidary/replication/collections/execute-write';
import { usesRights, type WriteCommand } from '@lapidary/replication/collections/write-document';
import type { MemoryCollections, MemoryDatabase } from './memory-collections.ts';
import type { Oracle } from './oracle.ts';
import type { Bugs } from './planted-bugs.ts';
import type { Random } from './random.ts';
import { guest, mayHold } from './residency.ts';
import type { SimRegion } from './sim-region.ts';

const fields = ['price', 'title'] as const;
const manyFields = ['price', 'title', 'colour', 'size', 'weight'] as const;
/** Few, so that regions meet on them. */
const ids = ['a', 'b'] as const;
/** So that there are some that one region alone has begun. */
const manyIds = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const;
const boxes = ['left', 'right'] as const;

interface Chosen {
  readonly command: WriteCommand;
  readonly note: Note;
}
/** What the oracle learns once it has committed. */
export type Note = (before: MemoryDatabase, changed: DocumentChanged) => void;

const nothing = (): void => undefined;

const chooseCommand = (kind: DocumentKey['kind'], random: Random, region: SimRegion, oracle: Oracle): Chosen => {
  if (kind === 'lww') {
    const value = { [random.pick(fields)]: random.below(4) };
    const dice = random.next();
    if (dice < 0.35) return { command: { op: 'put', value }, note: nothing };
    if (dice < 0.75) return { command: { op: 'patch', value }, note: nothing };
    return dice < 0.85
      ? { command: { op: 'patch', value: { [random.pick(fields)]: null } }, note: nothing }
      : { command: { op: 'delete' }, note: nothing };
  }
  if (kind === 'counter') {
    const op = random.pick(['add', 'subtract', 'subtract', 'give', 'give'] as const);
    // More is added than taken at once, so that there is something to give, and something to be refused.
    const units = 1 + random.below(op === 'add' ? 15 : 6);
    const to = random.pick(['ap', 'eu', 'us'].filter((r) => r !== region.name));
    const operation = op === 'give' ? { op, units, to } : { op, units };
    const change = op === 'add' ? units : op === 'subtract' ? -units : 0;
    return { command: { op: 'operate', operations: [operation] }, note: (_, changed) => oracle.lives.counted(changed, change) };
  }
  if (kind === 'append') return { command: { op: 'put', value: { total: random.below(2) } }, note: nothing };
  const word = `${region.name}${random.below(1_000_000)}`;
  const dice = random.next();
  if (dice < 0.25) return { command: { op: 'patch', value: { name: word.slice(0, 3) } }, note: nothing };
  const noted: Note = (_, changed) => oracle.lives.worded(changed, word);
  // A box is made by whoever puts something in first: two who do that apart make two, of which one loses with what is put in later.
  if (dice < 0.6) return { command: { op: 'patch', value: { [random.pick(boxes)]: { [word]: word } } }, note: noted };
  return { command: { op: 'operate', operations: [{ op: 'insert', path: ['words'], index: 0, values: [word] }] }, note: noted };
};

export interface WorldKind {
  readonly nested: boolean;
  readonly focused: boolean;
  /** What is deleted, purged and written anew all the time; null: nothing is. */
  readonly tidy: 'fields' | 'others' | null;
  readonly aging: boolean;
  /** Fields of few documents are removed and written anew all the time. */
  readonly shrinking: boolean;
}

/** Where something is written, and what is to be told of it. */
export interface Writing {
  readonly region: SimRegion;
  readonly tx: MemoryCollections;
  readonly oracle: Oracle;
  readonly bugs: Bugs;
  readonly reached: (what: string) => void;
}

/** Writes something somewhere; returns what the oracle is to learn when it has committed. */
export const randomWrite = async (random: Random, writing: Writing, worldKind: WorldKind): Promise<Note> => {
  const { nested, focused, tidy, aging, shrinking } = worldKind;
  const { region, tx, oracle, reached } = writing;
  const kind = shrinking
    ? 'lww'
    : tidy
      ? tidy === 'fields'
        ? 'lww'
        : random.pick(['counter', 'document'] as const)
      : aging && random.chance(0.8)
        ? 'document'
        : focused && random.chance(0.9)
          ? // A change of a document then comes by way of a third region, before what it hangs on.
            nested && random.chance(0.6)
            ? 'document'
            : 'counter'
          : random.pick(['lww', 'lww', 'lww', 'lww', 'counter', 'counter', 'counter', 'append', nested ? 'document' : 'lww'] as const);
  const defined = resolveDefinition(await tx.definition(kind));
  if (!defined) return nothing;
  const tenant = kind === 'lww' && tidy === null && !shrinking && mayHold(region.database, region.name) && random.chance(0.3) ? guest : '';
  if (tenant === guest) reached('write of the guest');
  const key: DocumentKey = {
    collection: kind,
    kind,
    tenant,
    id: !focused ? random.pick(ids) : kind === 'document' ? random.pick(manyIds) : 'a',
  };
  let { command, note } = chooseCommand(kind, random, region, oracle);
  if (shrinking && random.chance(0.9))
    command = { op: 'patch', value: { [random.pick(manyFields)]: random.chance(0.5) ? null : random.below(4) } };
  if (tidy !== null && random.chance(0.3)) [command, note] = [{ op: 'delete' }, nothing];
  // A nested document that is not there takes a PUT only.
  if (kind === 'document' && !tx.database.documents.get(keyText(key))?.facts.exists)
    [command, note] = [{ op: 'put', value: { words: [] } }, emptying(oracle)];
  return await execute(writing, key, defined, command, note);
};

/** All rights to the focused world's counter that a region has go to another one. */
export const giveRightsTo = async (to: string, writing: Writing): Promise<Note> => {
  const { region, tx, oracle } = writing;
  const key: DocumentKey = { collection: 'counter', kind: 'counter', tenant: '', id: 'a' };
  const state = tx.database.documents.get(keyText(key))?.stored.state;
  const units = state?.kind === 'counter' ? (rightsOf(state)[region.name] ?? 0) : 0;
  const defined = resolveDefinition(await tx.definition('counter'));
  if (!defined || units === 0) return nothing;
  const command: WriteCommand = { op: 'operate', operations: [{ op: 'give', units, to }] };
  return await execute(writing, key, defined, command, (_, changed) => oracle.lives.counted(changed, 0));
};

const execute = async (
  { region, tx, bugs, reached }: Writing,
  key: DocumentKey,
  defined: Defined,
  command: WriteCommand,
  note: Note,
): Promise<Note> => {
  const { epoch, recovery } = region.database;
  if (epoch > 1) reached('write under a new epoch');
  // B5, as collection-tools.ts.
  if (usesRights(command) && !bugs.has('rights-unheard') && !maySpendRights(recovery.state)) throw new AppError('region_restored');
  if (recovery.state === 'holding') reached('write while a region is not heard');
  const loosened = bugs.has('escrow-off') && defined.definition.policy.kind === 'counter';
  const by = loosened
    ? { ...defined, definition: { ...defined.definition, policy: { kind: 'counter' as const, bounded: false } } }
    : defined;
  const here = tx.database.documents.get(keyText(key))?.stored.state;
  if (here && isUnbegun(here)) reached('written before its beginning came');
  if (here?.kind === 'lww' && here.dropped && 'value' in command)
    for (const [name, value] of Object.entries(command.value as object))
      if (value !== null && !Object.hasOwn(here.fields, name)) reached('dropped field written anew');
  await executeWrite(bugs.onWrite(tx), region.site, key, by, command, { actor: 'sim', requestId: 'sim' });
  reached(`${key.kind} ${command.op === 'operate' ? command.operations[0]!.op : command.op}`);
  return note;
};

const emptying =
  (oracle: Oracle): Note =>
  (before, changed) => {
    const key = keyText(keyOfChange(changed));
    const stored = before.documents.get(key)?.stored ?? before.graves.get(key)?.grave.contents;
    oracle.lives.emptied(key, stored?.state.kind === 'document' ? JSON.stringify(stored.state.value) : '');
  };
