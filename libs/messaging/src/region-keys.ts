import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import type { RegionKeySet } from '@lapidary/contracts/signing-keys';
import { AppError } from '@lapidary/kernel/app-error';

/** Why what is said in a region's name is not believed. */
export type SignatureFault =
  | 'unsigned'
  /** Signed with a key that nobody has told of. */
  | 'unknown_key'
  /** By who has not the key, or of something else. */
  | 'wrong_signature';

/** Apart from all else that might ever be signed with these keys; another form of what is signed gets another number. */
const form = 'lapidary-region-1';
/** A key's id and 64 bytes in base64url. */
const signatureCharsMax = 64 + 1 + 86;

/** Of whatever length the payload is, its digest is signed: Ed25519 would go through it twice. */
const statement = (said: readonly string[], payload: Uint8Array | string): Buffer =>
  Buffer.from(JSON.stringify([form, ...said, createHash('sha256').update(payload).digest('base64url')]));

/** A key for a region: with its private part, for the region itself, and without it, for the others. */
export const newRegionKey = (kid: string): { readonly own: RegionKeySet['keys'][number]; readonly told: RegionKeySet['keys'][number] } => {
  const { x, d } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const told = { kty: 'OKP', crv: 'Ed25519', kid, x: x! } as const;
  return { own: { ...told, d: d! }, told };
};

const publicKeys = ({ keys }: RegionKeySet): ReadonlyMap<string, KeyObject> =>
  new Map(keys.map(({ kid, kty, crv, x }) => [kid, createPublicKey({ key: { kty, crv, x }, format: 'jwk' })]));

interface Keys {
  readonly own: { readonly kid: string; readonly key: KeyObject } | null;
  readonly byRegion: ReadonlyMap<string, ReadonlyMap<string, KeyObject>>;
}

const keysOf = (region: string, own: RegionKeySet | undefined, others: Readonly<Record<string, RegionKeySet>>): Keys => {
  const [first] = own?.keys ?? [];
  const signing = first ? { kid: first.kid, key: createPrivateKey({ key: { ...first }, format: 'jwk' }) } : null;
  if (signing && createPublicKey(signing.key).export({ format: 'jwk' }).x !== first?.x)
    throw new AppError('config_invalid', `The private part of key ${signing.kid} belongs to another public one`);
  const known = Object.entries(others).filter(([name]) => name !== region);
  const all = own ? [...known, [region, own] as const] : known;
  return { own: signing, byRegion: new Map(all.map(([name, keys]) => [name, publicKeys(keys)])) };
};

/**
 * With which a region signs what it says to the others, and by which it believes them. Every argument of what is signed is a part of its own, so
 * that no two statements are written alike. Without keys nothing is signed, and who has no key here is believed unsigned.
 */
export class RegionKeys {
  private keys: Keys;

  /** Throws `config_invalid` where a private part is none of its public one. */
  constructor(
    readonly region: string,
    own?: RegionKeySet,
    others: Readonly<Record<string, RegionKeySet>> = {},
  ) {
    this.keys = keysOf(region, own, others);
  }

  /** These in place of those before, for all that is said and heard from now on. Where it throws, those before stay. */
  use(own: RegionKeySet | undefined, others: Readonly<Record<string, RegionKeySet>> = {}): void {
    this.keys = keysOf(this.region, own, others);
  }

  /** Id of the key that signs. */
  get signsWith(): string | null {
    return this.keys.own?.kid ?? null;
  }

  /** Ids of the keys by which a region is believed, this one's own too; empty: it is believed unsigned. */
  idsOf(region: string): string[] {
    return [...(this.keys.byRegion.get(region)?.keys() ?? [])];
  }

  get isSigning(): boolean {
    return this.keys.own !== null;
  }

  /** Whether nothing of that region is believed without a signature. */
  isRequiredOf(region: string): boolean {
    return this.keys.byRegion.has(region);
  }

  /** Goes into a header. Undefined: this region signs nothing. */
  sign(said: readonly string[], payload: Uint8Array | string): string | undefined {
    const { own } = this.keys;
    if (!own) return undefined;
    return `${own.kid}.${sign(null, statement(said, payload), own.key).toString('base64url')}`;
  }

  /** Why `region` has not said this; null: it has, or it is believed unsigned. */
  faultOf(region: string, said: readonly string[], payload: Uint8Array | string, signature: string | undefined): SignatureFault | null {
    const keys = this.keys.byRegion.get(region);
    if (!keys) return null;
    if (!signature) return 'unsigned';
    if (signature.length > signatureCharsMax) return 'wrong_signature';
    const [kid, value = ''] = signature.split('.', 2) as [string, string?];
    const key = keys.get(kid);
    if (!key) return 'unknown_key';
    return verify(null, statement(said, payload), key, Buffer.from(value, 'base64url')) ? null : 'wrong_signature';
  }
}
