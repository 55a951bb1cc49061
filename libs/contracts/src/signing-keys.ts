import { z } from 'zod';

/** The one that signs, the one before it, and the one that is to follow. */
export const signingKeysMax = 4;

/** An Ed25519 key as a JSON Web Key (RFC 8037). */
export const Ed25519KeySchema = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  kid: z.string().min(1).max(64),
  x: z.string(),
  /** The private part; a key that only has to be recognised still comes without it. */
  d: z.string().optional(),
});

const hasIdsOnce = ({ keys }: { readonly keys: readonly { readonly kid: string }[] }): boolean =>
  new Set(keys.map(({ kid }) => kid)).size === keys.length;

/** A JSON Web Key Set. */
const keySetOf = <T extends typeof Ed25519KeySchema>(key: T) =>
  z.object({ keys: z.array(key).min(1).max(signingKeysMax) }).refine(hasIdsOnce, 'two keys have one id');

export const KeySetSchema = keySetOf(Ed25519KeySchema);

/** 32 bytes as JSON Web Keys have them. */
const Bytes32Schema = z.string().regex(/^[\w-]{43}$/, '32 bytes in base64url');

/** The id travels in a header of NATS beside the signature. */
const RegionKeySchema = Ed25519KeySchema.extend({
  kid: z.string().regex(/^[\w-]{1,64}$/, 'letters, digits, "_" and "-"'),
  x: Bytes32Schema,
  d: Bytes32Schema.optional(),
});
const RegionKeySetSchema = keySetOf(RegionKeySchema);

/** The keys of a region itself. The first signs; what is told under the others is still known as its own. */
export const OwnRegionKeysSchema = RegionKeySetSchema.refine(({ keys }) => keys[0]?.d !== undefined, 'the first key has no private part');
/** By region: the keys by which what the other regions say is believed. A private part in here is a mistake, and its key known to too many. */
export const PeerKeysSchema = z.record(
  z.string(),
  RegionKeySetSchema.refine(({ keys }) => keys.every(({ d }) => d === undefined), 'a private key has no place here'),
);

export type RegionKeySet = z.infer<typeof RegionKeySetSchema>;
