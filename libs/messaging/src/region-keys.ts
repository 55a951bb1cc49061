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

/**
 * With which a region signs what it says to the others, and by which it believes them. Every argument of what is signed is a part of its own, so
 * that no two statements are written alike. Without keys nothing is signed, and who has no key here is believed unsigned.
 */
export class RegionKeys {
  private readonly own: { readonly kid: string; readonly key: KeyObject } | null;
  private readonly byRegion: ReadonlyMap<string, ReadonlyMap<string, KeyObject>>;

  /** Throws `config_invalid` where a private part is none of its public one. */
  constructor(
    readonly region: string,
    own?: RegionKeySet,
    others: Readonly<Record<string, RegionKeySet>> = {},
  ) {
    const [first] = own?.keys ?? [];
    this.own = first ? { kid: first.kid, key: createPrivateKey({ key: { ...first }, format: 'jwk' }) } : null;
    if (this.own && createPublicKey(this.own.key).export({ format: 'jwk' }).x !== first?.x)
      throw new AppError('config_invalid', `The private part of key ${this.own.kid} belongs to another public one`);
    const known = Object.entries(others).filter(([name]) => name !== region);
    const all = own ? [...known, [region, own] as const] : known;
    this.byRegion = new Map(all.map(([name, keys]) => [name, publicKeys(keys)]));
  }

  get isSigning(): boolean {
    return this.own !== null;
  }

  /** Whether nothing of that region is believed without a signature. */
  isRequiredOf(region: string): boolean {
    return this.byRegion.has(region);
  }

  /** Goes into a header. Undefined: this region signs nothing. */
  sign(said: readonly string[], payload: Uint8Array | string): string | undefined {
    if (!this.own) return undefined;
    return `${this.own.kid}.${sign(null, statement(said, payload), this.own.key).toString('base64url')}`;
  }

  /** Why `region` has not said this; null: it has, or it is believed unsigned. */
  faultOf(region: string, said: readonly string[], payload: Uint8Array | string, signature: string | undefined): SignatureFault | null {
    const keys = this.byRegion.get(region);
    if (!keys) return null;
    if (!signature) return 'unsigned';
    if (signature.length > signatureCharsMax) return 'wrong_signature';
    const [kid, value = ''] = signature.split('.', 2) as [string, string?];
    const key = keys.get(kid);
    if (!key) return 'unknown_key';
    return verify(null, statement(said, payload), key, Buffer.from(value, 'base64url')) ? null : 'wrong_signature';
  }
}
