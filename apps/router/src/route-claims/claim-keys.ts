import { readFile } from 'node:fs/promises';
import { importJWK, type CryptoKey, type JSONWebKeySet } from 'jose';
import { z } from 'zod';
import { routeClaimAlgorithm } from '@lapidary/contracts/route-claim';
import { AppError } from '@lapidary/kernel/app-error';

/** The one that signs, the one before it, and the one that is to follow. */
const keysMax = 4;

const KeySchema = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  kid: z.string().min(1).max(64),
  x: z.string(),
  /** The private part; a key that only has to be recognised still comes without it. */
  d: z.string().optional(),
});
const FileSchema = z.object({ keys: z.array(KeySchema).min(1).max(keysMax) });

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
  const parsed = FileSchema.safeParse(json);
  if (!parsed.success) throw refused(`is no set of 1 to ${keysMax} Ed25519 keys with ids`);
  const { keys } = parsed.data;
  if (new Set(keys.map(({ kid }) => kid)).size < keys.length) throw refused('two keys have one id');
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
