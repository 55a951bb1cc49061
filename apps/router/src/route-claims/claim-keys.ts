import { readFile } from 'node:fs/promises';
import { importJWK, type CryptoKey, type JSONWebKeySet } from 'jose';
import { routeClaimAlgorithm } from '@lapidary/contracts/route-claim';
import { KeySetSchema, signingKeysMax } from '@lapidary/contracts/signing-keys';
import { AppError } from '@lapidary/kernel/app-error';

export interface ClaimKeys {
  readonly kid: string;
  readonly signingKey: CryptoKey;
  /** Public parts of all, for whoever checks claims. */
  readonly publicSet: JSONWebKeySet;
}

const refused = (why: string): AppError => new AppError('config_invalid', `LAPIDARY_CLAIM_KEYS_FILE: ${why}`);

/**
 * Keys from a JSON Web Key Set. The first signs, all are recognised. To change keys: add the new one at the end; once every stamp's agent has
 * fetched it, move it to the front; once the last claim under the old one has expired, remove that.
 */
export const parseClaimKeys = async (text: string): Promise<ClaimKeys> => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw refused('is not JSON');
  }
  const parsed = KeySetSchema.safeParse(json);
  if (!parsed.success) {
    const rule = parsed.error.issues.find(({ code }) => code === 'custom');
    throw refused(rule?.message ?? `is no set of 1 to ${signingKeysMax} Ed25519 keys with ids`);
  }
  const { keys } = parsed.data;
  const [first] = keys;
  if (first?.d === undefined) throw refused('the first key has no private part');
  let signingKey: CryptoKey | Uint8Array;
  try {
    signingKey = await importJWK({ ...first }, routeClaimAlgorithm);
    for (const { kty, crv, x } of keys) await importJWK({ kty, crv, x }, routeClaimAlgorithm);
  } catch {
    throw refused('a key can’t be read');
  }
  const publicSet = { keys: keys.map(({ kty, crv, kid, x }) => ({ kty, crv, kid, x, use: 'sig', alg: routeClaimAlgorithm })) };
  return { kid: first.kid, signingKey: signingKey as CryptoKey, publicSet };
};

export const readClaimKeys = async (file: string): Promise<ClaimKeys> => {
  try {
    return await parseClaimKeys(await readFile(file, 'utf8'));
  } catch (error) {
    throw error instanceof AppError ? error : refused(`can't be read: ${(error as NodeJS.ErrnoException).code ?? 'error'}`);
  }
};
