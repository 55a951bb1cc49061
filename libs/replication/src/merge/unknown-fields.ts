import { canonicalJson } from '@lapidary/kernel/canonical-json';
import { own, type Json } from './json.js';

type Fields = { readonly [key: string]: Json };

const isRecord = (value: Json): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
/** Of two values of unlike types one is greater, whichever came first. */
const rankOf = (value: Json): number =>
  value === null
    ? 0
    : typeof value === 'boolean'
      ? 1
      : typeof value === 'number'
        ? 2
        : typeof value === 'string'
          ? 3
          : isRecord(value)
            ? 5
            : 4;

/**
 * What two states say of a field that this version does not know. Records are joined key by key; of everything else the greater value
 * stays: numbers by size, texts and lists by their canonical JSON. Commutative, associative and idempotent (I6), so regions of old
 * and new versions agree about it as long as its own rule is this one: whoever adds a field to a state lets it only grow.
 */
export const joinJson = (a: Json, b: Json): Json => {
  if (isRecord(a) && isRecord(b)) return joinFields(a, b);
  const [x, y] = [rankOf(a), rankOf(b)];
  if (x !== y) return x > y ? a : b;
  if (typeof a === 'number' && typeof b === 'number') return Math.max(a, b);
  return canonicalJson(a) >= canonicalJson(b) ? a : b;
};

const joinFields = (a: Fields, b: Fields): Fields => {
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  return Object.fromEntries(
    keys.map((key) => {
      const [x, y] = [own(a, key), own(b, key)];
      return [key, x === undefined ? y! : y === undefined ? x : joinJson(x, y)];
    }),
  );
};

const nothing: Fields = {};

/** The fields of a part of a state that this version has no name for; they came from a newer one. */
export const unknownFields = (part: object, known: ReadonlySet<string>): Fields => {
  let unknown: Record<string, Json> | undefined;
  // `__proto__` is no field of anybody’s, and to assign it is something else.
  for (const key in part) if (!known.has(key) && key !== '__proto__') (unknown ??= {})[key] = (part as Fields)[key]!;
  return unknown ?? nothing;
};

/** Of both, joined. States without such fields, which is nearly all of them, cost a look at their keys and nothing more. */
export const joinUnknown = (a: object, b: object, known: ReadonlySet<string>): Fields => {
  const [x, y] = [unknownFields(a, known), unknownFields(b, known)];
  return y === nothing ? x : x === nothing ? y : joinFields(x, y);
};
