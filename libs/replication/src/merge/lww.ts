import { isRemoved, joinDropped, joinFields, registerOf } from './dropped.js';
import { joinRecords, own, type Json } from './json.js';
import { emptyRegister, latestOf, mergeRegisters, writeRegister, type Register, type Seen, type Sibling } from './register.js';
import { resolveRegister, type ResolveRule } from './resolve.js';
import { joinUnknown } from './unknown-fields.js';

/**
 * A document whose fields are merged one by one. `alive` says whether it exists: every write sets it to true, a delete
 * to false, and the later of two that did not see each other holds (document tombstone). A delete also removes each field
 * that it saw. So a write that is later than a concurrent delete brings the document back with what it wrote alone, and
 * one that is earlier loses as a whole; both losers go to the ledger.
 */
export interface LwwState {
  readonly fields: Readonly<Record<string, Register>>;
  readonly alive: Register;
  /** How far removed fields were dropped (dropped.ts); absent where none was. */
  readonly dropped?: Seen | undefined;
}

export const emptyLww: LwwState = { fields: {}, alive: emptyRegister };
/** `kind` stands beside them in a document's state. */
const knownFields: ReadonlySet<string> = new Set<keyof LwwState | 'kind'>(['kind', 'fields', 'alive', 'dropped']);

export const mergeLww = (a: LwwState, b: LwwState): LwwState => {
  const dropped = joinDropped(a.dropped, b.dropped);
  return {
    ...joinUnknown(a, b, knownFields),
    fields: dropped ? joinFields(a, b, dropped) : joinRecords(a.fields, b.fields, mergeRegisters),
    alive: mergeRegisters(a.alive, b.alive),
    ...(dropped ? { dropped } : {}),
  };
};

/** What a write changes, as a state of its own: merging it is applying it, here and everywhere. */
export const writeLww = (state: LwwState, at: string, set: Readonly<Record<string, Json>>, remove: readonly string[] = []): LwwState => ({
  fields: {
    ...Object.fromEntries(remove.map((name) => [name, writeRegister(registerOf(state, name), at)])),
    ...Object.fromEntries(Object.entries(set).map(([name, value]) => [name, writeRegister(registerOf(state, name), at, value)])),
  },
  alive: writeRegister(state.alive, at, true),
});

/** Of fields that have a value: to remove another one again would say nothing, and keep it from being dropped. */
export const fieldsToRemove = ({ fields }: LwwState): string[] => Object.keys(fields).filter((name) => !isRemoved(fields[name]!));

export const deleteLww = (state: LwwState, at: string): LwwState => ({
  fields: Object.fromEntries(fieldsToRemove(state).map((name) => [name, writeRegister(registerOf(state, name), at)])),
  alive: writeRegister(state.alive, at, false),
});

/** Later than this must the next write be. */
export const latestOfLww = ({ alive, fields, dropped }: LwwState): string => {
  let latest = latestOf({ seen: joinDropped(alive.seen, dropped)! });
  for (const name in fields) {
    const at = latestOf(fields[name]!);
    if (at > latest) latest = at;
  }
  return latest;
};

/** The rule of each field; `*` for those without one of their own. */
export type FieldRules = Readonly<Record<string, ResolveRule>>;

export const ruleOf = (rules: FieldRules, field: string): ResolveRule => own(rules, field) ?? own(rules, '*') ?? 'last-write';

/** How the ledger calls the document itself, next to its fields; no field can have this name. */
export const documentItself = '$document';

export interface Loss {
  readonly field: string;
  readonly winner: Sibling;
  readonly loser: Sibling;
}

export const isAlive = (alive: Register): boolean => resolveRegister(alive, 'last-write').winner?.value === true;

/** What people see: null where the document does not exist. */
export const viewLww = (state: LwwState, rules: FieldRules): Record<string, Json> | null => {
  if (!isAlive(state.alive)) return null;
  return Object.fromEntries(
    Object.entries(state.fields).flatMap(([name, register]) => {
      const value = resolveRegister(register, ruleOf(rules, name)).winner?.value;
      return value === undefined ? [] : [[name, value]];
    }),
  );
};

/** Every value that some write put there, no write has replaced knowingly, and nobody sees. */
export const lossesOfLww = (state: LwwState, rules: FieldRules): Loss[] => {
  const losses: Loss[] = [];
  const existence = resolveRegister(state.alive, 'last-write');
  for (const loser of existence.losers) losses.push({ field: documentItself, winner: existence.winner!, loser });
  const dead = existence.winner !== null && existence.winner.value !== true;
  for (const field in state.fields) {
    const register = state.fields[field]!;
    // Nearly every field.
    if (register.siblings.length < 2 && !dead) continue;
    const { winner, losers } = resolveRegister(register, ruleOf(rules, field));
    for (const loser of losers) losses.push({ field, winner: winner!, loser });
    // The document is gone, and these values were never seen by who deleted it; also one that says the same as the winner.
    if (dead) {
      for (const loser of register.siblings)
        if (loser.value !== undefined && !losers.includes(loser)) losses.push({ field, winner: existence.winner!, loser });
    }
  }
  return losses;
};
