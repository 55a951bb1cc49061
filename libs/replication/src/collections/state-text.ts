import { canonicalJson } from '@lapidary/kernel/canonical-json';
import { quoted } from '@lapidary/kernel/json-text';
import type { Json } from '../merge/json.js';
import type { LwwState } from '../merge/lww.js';
import type { Register, Seen } from '../merge/register.js';

/** Canonical JSON; of texts and of whole numbers there is one form only. */
const textOfValue = (value: Json): string =>
  typeof value === 'string' ? quoted(value) : Number.isSafeInteger(value) ? String(value as number) : canonicalJson(value);

/** What the register before this one had seen, and its text: fields that were written together share it (packed-state.ts). */
let lastSeen: Seen | null = null;
let lastSeenText = '';

/**
 * The canonical JSON of a document's fields, put together from what is known of its form: a third of what looking for that form costs, and every
 * change that is taken in needs it for the digest. The same text as canonicalJson's, which has the word where the state has more in it.
 */
export const textOfFields = (state: LwwState & { readonly kind: 'lww' }): string => {
  const { alive, fields } = state;
  for (const name in state) if (name !== 'kind' && name !== 'fields' && name !== 'alive') return canonicalJson(state);
  lastSeen = null;
  let text = `{"alive":${textOfRegister(alive)},"fields":{`;
  let separator = '';
  for (const name of sortedKeys(fields)) {
    text += `${separator}${quoted(name)}:${textOfRegister(fields[name]!)}`;
    separator = ',';
  }
  lastSeen = null;
  return `${text}},"kind":"lww"}`;
};

/** Mostly they are in their order already, and looking costs less than sorting. */
const sortedKeys = (record: object): string[] => {
  const keys = Object.keys(record);
  for (let i = 1; i < keys.length; i += 1) if (keys[i - 1]! > keys[i]!) return keys.sort();
  return keys;
};

const textOfRegister = (register: Register): string => {
  const { seen, siblings } = register;
  for (const name in register) if (name !== 'seen' && name !== 'siblings') return canonicalJson(register);
  let values = '';
  for (const sibling of siblings) {
    for (const name in sibling) if (name !== 'at' && name !== 'value') return canonicalJson(register);
    const { at, value } = sibling;
    const separator = values === '' ? '' : ',';
    values += value === undefined ? `${separator}{"at":${quoted(at)}}` : `${separator}{"at":${quoted(at)},"value":${textOfValue(value)}}`;
  }
  return `{"seen":{${textOfSeen(seen)}},"siblings":[${values}]}`;
};

const textOfSeen = (seen: Seen): string => {
  if (seen === lastSeen) return lastSeenText;
  let text = '';
  for (const region of sortedKeys(seen)) text += `${text === '' ? '' : ','}${quoted(region)}:${quoted(seen[region]!)}`;
  lastSeen = seen;
  return (lastSeenText = text);
};
