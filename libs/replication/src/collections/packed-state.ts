import { regionOfHlc } from '@lapidary/kernel/hybrid-logical-clock';
import { quoted } from '@lapidary/kernel/json-text';
import { own, type Json } from '../merge/json.js';
import type { Register, Seen, Sibling } from '../merge/register.js';
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
  const times = new Times();
  let texts = '';
  for (const name of Object.keys(fields)) texts += `${texts === '' ? '' : ','}${quoted(name)}:${packedRegister(fields[name]!, times)}`;
  const packedAlive = packedRegister(alive, times);
  const rest = Object.keys(more).length > 0 ? `,"more":${JSON.stringify(more)}` : '';
  return `{"times":${JSON.stringify(times.all)},"fields":{${texts}},"alive":${packedAlive}${rest}}`;
};

/** Times that were met, each once. */
class Times {
  readonly all: string[] = [];
  /** What the register before had seen, which the next one mostly shares with it. */
  private seen: Seen | null = null;
  private seenText: string | null = null;

  indexOf(time: string): number {
    // A document has a few: found sooner than a hash is made.
    const index = this.all.indexOf(time);
    return index >= 0 ? index : this.all.push(time) - 1;
  }

  /** Null where a list of times does not say all of it. */
  textOfSeen(seen: Seen): string | null {
    if (seen === this.seen) return this.seenText;
    this.seen = seen;
    this.seenText = null;
    let text = '';
    // `__proto__` is no region of anybody’s, and to assign it is something else.
    for (const region in seen) if (regionOfHlc(seen[region]!) !== region || region === '__proto__') return null;
    for (const region in seen) text += `,${this.indexOf(seen[region]!)}`;
    return (this.seenText = text);
  }
}

const packedRegister = (register: Register, times: Times): string => {
  if (!isPlain(register)) return JSON.stringify(register);
  const { siblings, seen } = register;
  let text = `[${siblings.length}`;
  for (const { at, value } of siblings) text += `,${times.indexOf(at)},${plainValue(value!)}`;
  const seenText = times.textOfSeen(seen);
  return seenText === null ? JSON.stringify(register) : `${text}${seenText}]`;
};

/** Texts and whole numbers as JSON has them; of anything else the keys stay in their order. */
const plainValue = (value: Json): string =>
  typeof value === 'string' ? quoted(value) : Number.isSafeInteger(value) ? String(value as number) : JSON.stringify(value);

/** Whether a list says all of its values. */
const isPlain = (register: Register): boolean => {
  for (const name in register) if (name !== 'siblings' && name !== 'seen') return false;
  for (const sibling of register.siblings) {
    if (sibling.value === undefined) return false;
    for (const name in sibling) if (name !== 'at' && name !== 'value') return false;
  }
  return true;
};

const unpackedState = ({ times, fields, alive, more }: PackedLww): DocumentState => {
  const unpacking = new Unpacking(times);
  return {
    ...more,
    kind: 'lww',
    fields: Object.fromEntries(Object.keys(fields).map((name) => [name, unpacking.register(own(fields, name)!)])),
    alive: unpacking.register(alive),
  };
};

class Unpacking {
  /** What was read last: fields that were written together have seen the same, and share it. */
  private last: readonly Json[] = [];
  private lastEnd = 0;
  private lastSeen: Seen = {};

  constructor(private readonly times: readonly string[]) {}

  register(register: PackedRegister): Register {
    if (!isList(register)) {
      if (typeof register !== 'object' || register === null) throw new TypeError('a register is none');
      return register;
    }
    const end = 1 + 2 * (register[0] as number);
    const siblings: Sibling[] = [];
    for (let i = 1; i < end; i += 2) siblings.push({ at: this.timeAt(register[i]!), value: register[i + 1]! });
    return { siblings, seen: this.seenOf(register, end) };
  }

  private seenOf(register: readonly Json[], end: number): Seen {
    if (this.isLast(register, end)) return this.lastSeen;
    const seen: Record<string, string> = {};
    for (let i = end; i < register.length; i += 1) {
      const time = this.timeAt(register[i]!);
      seen[regionOfHlc(time)] = time;
    }
    this.last = register;
    this.lastEnd = end;
    return (this.lastSeen = seen);
  }

  private isLast(register: readonly Json[], end: number): boolean {
    const { last, lastEnd } = this;
    if (register.length - end !== last.length - lastEnd) return false;
    for (let i = end; i < register.length; i += 1) if (register[i] !== last[i - end + lastEnd]) return false;
    return true;
  }

  private timeAt(index: Json): string {
    const time = this.times[index as number];
    if (time === undefined) throw new TypeError('a register names a time that is not there');
    return time;
  }
}

const isList = (register: PackedRegister): register is readonly Json[] => Array.isArray(register);
