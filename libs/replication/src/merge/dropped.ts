import { regionOfHlc } from '@lapidary/kernel/hybrid-logical-clock';
import { own } from './json.js';
import { emptyRegister, isCovered, joinSeen, mergeRegisters, type Register, type Seen } from './register.js';
import { unknownFields } from './unknown-fields.js';

/**
 * Fields that were removed leave a document that lives on (docs/adr/0104). A state that has dropped some says how far: every write up to there is in its
 * fields, or of a field that somebody removed who knew of it. So a field that it does not have counts as seen that far, with no value:
 *
 *   field of the state   has dropped nothing   has dropped up to D
 *   absent               nothing is known      no value; every write up to D was seen
 *   here                 as it stands          as it stands, and every write up to D was seen
 *
 * That is a register for every name, and one merge for all of them: whatever the order in which a drop and writes come, and however
 * often, the same comes of it (I6). Invariants:
 *   F1 a state that says D has in its fields all that it knows of every write up to D which has a value: drops are told with the whole state
 *   F2 a change in part says no D, and what it writes has seen the writer's D
 *   F3 what is kept is the least that says all of this: of a register's `seen` what D does not cover, or is of a region that has a value here; no
 *      register of which then nothing is left
 */
export interface MaybeDropped {
  readonly fields: Readonly<Record<string, Register>>;
  readonly dropped?: Seen | undefined;
}

const knownFields: ReadonlySet<string> = new Set<keyof Register>(['siblings', 'seen']);

export const joinDropped = (a: Seen | undefined, b: Seen | undefined): Seen | undefined => (a && b ? joinSeen(a, b) : (a ?? b));

/** The register of a field, here or not. */
export const registerOf = ({ fields, dropped }: MaybeDropped, name: string): Register => {
  const register = own(fields, name) ?? emptyRegister;
  return dropped ? { ...register, seen: joinSeen(register.seen, dropped) } : register;
};

/** F3; null where nothing is left. */
const leastOf = (register: Register, dropped: Seen): Register | null => {
  const { siblings, seen } = register;
  const least = Object.entries(seen).filter(
    ([region, at]) => at > (own(dropped, region) ?? '') || siblings.some((s) => regionOfHlc(s.at) === region),
  );
  const isNothing = siblings.length === 0 && least.length === 0 && Object.keys(unknownFields(register, knownFields)).length === 0;
  return isNothing ? null : { ...register, seen: Object.fromEntries(least) };
};

/** The fields of both, of which at least one has dropped some; `dropped`: of both. */
export const joinFields = (a: MaybeDropped, b: MaybeDropped, dropped: Seen): Record<string, Register> => {
  // Who has dropped nothing says nothing of fields that it does not have: of these the other's stay as they are.
  const asked = !a.dropped
    ? Object.keys(a.fields)
    : !b.dropped
      ? Object.keys(b.fields)
      : [...Object.keys(a.fields), ...Object.keys(b.fields)];
  const merged = new Map<string, Register | null>();
  for (const name of asked)
    if (!merged.has(name)) merged.set(name, leastOf(mergeRegisters(registerOf(a, name), registerOf(b, name)), dropped));
  const others = a.dropped && b.dropped ? {} : a.dropped ? a.fields : b.fields;
  return Object.fromEntries([
    ...Object.entries(others).filter(([name]) => !merged.has(name)),
    ...[...merged].flatMap(([name, register]) => (register === null ? [] : [[name, register] as const])),
  ]);
};

/** Nobody knows a value of it. */
export const isRemoved = ({ siblings }: Register): boolean => siblings.every((s) => s.value === undefined);

/** How many fields have no value any more, and are kept. */
export const removedFields = ({ fields }: MaybeDropped): number => {
  let removed = 0;
  for (const name in fields) if (isRemoved(fields[name]!)) removed += 1;
  return removed;
};

/**
 * The state without fields that were removed, of which nobody can have a write that is not later than `upTo`; null where there are none. F1 must hold
 * for `upTo` (drop-removed.ts).
 */
export const withoutRemoved = <T extends MaybeDropped>(state: T, upTo: Seen): T | null => {
  const dropped = joinDropped(state.dropped, upTo)!;
  const kept = Object.entries(state.fields).filter(([, register]) => !isRemoved(register) || !isCovered(register.seen, dropped));
  if (kept.length === Object.keys(state.fields).length) return null;
  const fields = kept.flatMap(([name]) => {
    const least = leastOf(registerOf({ fields: state.fields, dropped }, name), dropped);
    return least === null ? [] : [[name, least] as const];
  });
  return { ...state, fields: Object.fromEntries(fields), dropped };
};
