import { CollectionPolicySchema, type CollectionPolicy, type DefineCollection } from '@lapidary/contracts/api/collections';
import type { Definition } from '@lapidary/contracts/events/collection-events';
import { canonicalJson } from '@lapidary/kernel/canonical-json';
import { AppError } from '@lapidary/kernel/app-error';
import type { Json } from '../merge/json.js';
import type { FieldRules } from '../merge/lww.js';
import { emptyRegister, latestOf, mergeRegisters, writeRegister, type Register, type Sibling } from '../merge/register.js';
import { firstPlace, type CollectionTransaction, type LedgerEntry, type Site } from './collection-store.js';
import { ledgerEntries } from './ledger-entries.js';

export interface Defined {
  readonly definition: Definition;
  /** Time of this definition; its region is in it. */
  readonly at: string;
}

const definitionOf = (sibling: Sibling): Definition => sibling.value as unknown as Definition;

/**
 * Among definitions made apart, those hold that go back to the earliest first definition (a name is a claim, design §4.3);
 * of these the latest. So the kind, which documents depend on, is settled by who was first.
 */
const compareDefinitions = (a: Sibling, b: Sibling): number => {
  const [x, y] = [definitionOf(a).created, definitionOf(b).created];
  return x !== y ? (x < y ? -1 : 1) : a.at > b.at ? -1 : 1;
};

export const resolveDefinition = (register: Register | null): Defined | null => {
  const siblings = register?.siblings ?? [];
  // Every change of a document asks, and nearly always there is one.
  const [winner] = siblings.length > 1 ? [...siblings].sort(compareDefinitions) : siblings;
  return winner ? { definition: definitionOf(winner), at: winner.at } : null;
};

const lostDefinitions = (collection: string, register: Register): LedgerEntry[] => {
  const winner = resolveDefinition(register)!;
  const losers = register.siblings.filter((s) => s.at !== winner.at);
  const key = { collection, kind: winner.definition.policy.kind, tenant: '', id: '$definition' };
  const side = (s: { at: string; value?: Json }) => ({ at: s.at, region: s.at.slice(19), value: s.value }) as LedgerEntry['winner'];
  const losses = losers.map((loser) => ({
    field: '$definition',
    winner: side({ at: winner.at, value: winner.definition as unknown as Json }),
    loser: side(loser),
  }));
  return ledgerEntries(key, winner.definition.policy, losses).map((e) => ({
    ...e,
    policy: 'definition: earliest first definition, then the latest',
  }));
};

/** Why a collection can't be defined so; null: it can. */
export const refusalOf = (before: Definition | null, input: DefineCollection): string | null => {
  if (before === null) return null;
  if (before.policy.kind !== input.policy.kind)
    return `The collection is of kind ${before.policy.kind}; documents of one kind can't become another. Define a new collection and write them anew`;
  return before.scope === input.scope ? null : `The scope "${before.scope}" is fixed: documents are named by it`;
};

/** Defines a collection, or changes its policy and budgets. */
export const defineCollection = async (
  tx: CollectionTransaction,
  site: Site,
  collection: string,
  input: DefineCollection,
): Promise<Defined> => {
  const register = (await tx.definition(collection)) ?? emptyRegister;
  const before = resolveDefinition(register);
  const refusal = refusalOf(before?.definition ?? null, input);
  if (refusal !== null) throw new AppError('illegal_transition', refusal);
  const at = site.tick(latestOf(register));
  const definition: Definition = {
    ...before?.definition,
    ...input,
    // What is known is in the input, with its defaults: left of before is what only a newer version knows.
    policy: { ...before?.definition.policy, ...input.policy },
    budgets: { ...before?.definition.budgets, ...input.budgets },
    version: (before?.definition.version ?? 0) + 1,
    created: before?.definition.created ?? at,
  };
  const written = writeRegister(register, at, definition as unknown as Json);
  await saveDefinition(tx, collection, register, written);
  await tx.tell('lapidary.collection.defined.v1', `collection/${collection}`, { collection, definition: written as never });
  return { definition, at };
};

/** Takes in another region's definition. Throws `poison_event` where nothing would be defined with it. */
export const applyDefinition = async (tx: CollectionTransaction, collection: string, incoming: Register): Promise<void> => {
  const before = (await tx.definition(collection)) ?? emptyRegister;
  const merged = mergeRegisters(before, incoming);
  if (merged.siblings.length === 0) throw new AppError('poison_event', 'A definition defines nothing');
  await saveDefinition(tx, collection, before, merged);
};

/** Where the rules have changed, documents with values that are not shown are looked at again, afterwards (look-again.ts). */
const saveDefinition = async (tx: CollectionTransaction, collection: string, before: Register, register: Register): Promise<void> => {
  await tx.saveDefinition(collection, register);
  await tx.ledger(lostDefinitions(collection, register));
  if (canonicalJson(rulesOf(before)) !== canonicalJson(rulesOf(register))) await tx.saveLookPlace(collection, firstPlace);
};

/** By which documents of fields are shown. Nothing else of a definition decides what is: not its budgets, and nothing where documents are of another kind. */
const rulesOf = (register: Register): FieldRules => {
  const policy = resolveDefinition(register)?.definition.policy;
  return policy?.kind === 'lww' ? policy.rules : {};
};

/** By which documents are merged whose collection's definition has not arrived. */
export const defaultPolicy = (kind: CollectionPolicy['kind']): CollectionPolicy => CollectionPolicySchema.parse({ kind });

/** The policy of a document of this kind, as far as it is known here. */
export const policyFor = async (
  tx: Pick<CollectionTransaction, 'definition'>,
  collection: string,
  kind: CollectionPolicy['kind'],
): Promise<CollectionPolicy> => {
  const policy = resolveDefinition(await tx.definition(collection))?.definition.policy;
  return policy?.kind === kind ? policy : defaultPolicy(kind);
};
