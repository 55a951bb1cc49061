import { regionOfHlc } from '@lapidary/kernel/hybrid-logical-clock';
import { own, type Json } from '../merge/json.js';
import type { Register, Sibling } from '../merge/register.js';
import { textOfState, type DocumentState } from './document-state.js';

/**
 * How a document whose fields are merged one by one is kept (ADR 88). Its registers say the same few hybrid times over and over, each with the
 * region it is of beside it: of ten fields nearly two kilobytes, which a database takes apart, compresses and puts together again with every
 * write. Here each time is written once, and a register is a list: how many values; time and value of each; then how far it has seen each region.
 *
 * A register that is more than that, since a newer version has added to it, or a value was removed, is kept as it is. Digests, events and
 * budgets are of the state itself, so that no other region ever sees this.
 */
interface PackedLww {
  readonly times: readonly string[];
  readonly fields: Readonly<Record<string, PackedRegister>>;
  readonly alive: PackedRegister;
  /** What a newer version has added to the state. */
  readonly more?: Readonly<Record<string, Json>>;
}
type PackedRegister = Register | readonly Json[];

/** Where a row has its state: one of the two is null. */
export interface KeptState {
  readonly state: DocumentState | null;
  readonly packed: string | null;
}

/** What PostgreSQL's jsonb refuses: it goes on judging that. */
const isRefused = /\\u(?:0000|d[89a-f])/;

/** The text of a state, as JSON, and which of the two it is. */
export const keptOf = (state: DocumentState): { readonly text: string; readonly isPacked: boolean } => {
  if (state.kind !== 'lww') return { text: textOfState(state), isPacked: false };
  const text = packedText(state);
  return isRefused.test(text) ? { text: textOfState(state), isPacked: false } : { text, isPacked: true };
};

/** The state that was kept. Throws a SyntaxError or a TypeError where nobody can tell any more what it was. */
export const stateOfKept = ({ state, packed }: KeptState): DocumentState =>
  packed === null ? state! : unpackedState(JSON.parse(packed) as PackedLww);

/** Put together as text: the same as objects would be made for JSON.stringify alone. */
const packedText = ({ kind: _, fields, alive, ...more }: DocumentState & { readonly kind: 'lww' }): string => {
  const times = new Map<string, number>();
  const texts = Object.keys(fields).map((name) => `${JSON.stringify(name)}:${packedRegister(fields[name]!, times)}`);
  const packedAlive = packedRegister(alive, times);
  const rest = Object.keys(more).length > 0 ? `,"more":${JSON.stringify(more)}` : '';
  return `{"times":${JSON.stringify([...times.keys()])},"fields":{${texts.join(',')}},"alive":${packedAlive}${rest}}`;
};

const packedRegister = (register: Register, times: Map<string, number>): string => {
  if (!isPlain(register)) return JSON.stringify(register);
  let text = `[${register.siblings.length}`;
  for (const { at, value } of register.siblings) text += `,${indexOf(at, times)},${JSON.stringify(value)}`;
  for (const region in register.seen) text += `,${indexOf(register.seen[region]!, times)}`;
  return `${text}]`;
};

const indexOf = (time: string, times: Map<string, number>): number => {
  let index = times.get(time);
  if (index === undefined) times.set(time, (index = times.size));
  return index;
};

/** Whether a list says all of it. */
const isPlain = (register: Register): boolean => {
  const { siblings, seen } = register;
  for (const name in register) if (name !== 'siblings' && name !== 'seen') return false;
  for (const sibling of siblings) {
    if (sibling.value === undefined) return false;
    for (const name in sibling) if (name !== 'at' && name !== 'value') return false;
  }
  // `__proto__` is no region of anybody’s, and to assign it is something else.
  for (const region in seen) if (regionOfHlc(seen[region]!) !== region || region === '__proto__') return false;
  return true;
};

const unpackedState = ({ times, fields, alive, more }: PackedLww): DocumentState => ({
  ...more,
  kind: 'lww',
  fields: Object.fromEntries(Object.keys(fields).map((name) => [name, unpackedRegister(own(fields, name)!, times)])),
  alive: unpackedRegister(alive, times),
});

const unpackedRegister = (register: PackedRegister, times: readonly string[]): Register => {
  if (!isList(register)) {
    if (typeof register !== 'object' || register === null) throw new TypeError('a register is none');
    return register;
  }
  const timeAt = (index: number): string => {
    const time = times[register[index] as number];
    if (time === undefined) throw new TypeError('a register names a time that is not there');
    return time;
  };
  const end = 1 + 2 * (register[0] as number);
  const siblings: Sibling[] = [];
  for (let i = 1; i < end; i += 2) siblings.push({ at: timeAt(i), value: register[i + 1]! });
  const seen: Record<string, string> = {};
  for (let i = end; i < register.length; i += 1) seen[regionOfHlc(timeAt(i))] = timeAt(i);
  return { siblings, seen };
};

const isList = (register: PackedRegister): register is readonly Json[] => Array.isArray(register);
