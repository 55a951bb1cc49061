import { z } from 'zod';
import type { JSONWebKeySet } from 'jose';

/** Public keys only: a set that comes with secrets was never meant for us, and a shared secret would let us make tokens. */
const KeySchema = z
  .looseObject({ kty: z.string(), kid: z.string().min(1).optional() })
  .refine((key) => key['d'] === undefined && key['k'] === undefined, 'is not a public key');
const KeySetSchema = z.looseObject({ keys: z.array(KeySchema).min(1).max(64) });

/** The keys of one moment, and whether what was believed by a key still may be. */
export interface KeySet {
  readonly keys: JSONWebKeySet;
  /** Of the key of that name; of the whole set for a token that names none. undefined: it is gone. */
  print(kid: string | null): string | undefined;
}

/** Throws where the text is no set of public keys. */
export const parseKeySet = (text: string): KeySet => {
  const set = KeySetSchema.parse(JSON.parse(text));
  const byKid = new Map(set.keys.flatMap((key) => (key.kid === undefined ? [] : [[key.kid, JSON.stringify(key)] as const])));
  return { keys: set as JSONWebKeySet, print: (kid) => (kid === null ? text : byKid.get(kid)) };
};
