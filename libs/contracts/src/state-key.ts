import { z } from 'zod';

/** Which key seals the secrets of the engine's state: one from the passphrase file, or data keys under a KMS key. */
export type StateKey = { readonly provider: 'passphrase' } | KmsStateKey;

export interface KmsStateKey {
  readonly provider: 'awskms';
  /** Key id, ARN, or `alias/<name>`. */
  readonly keyId: string;
  readonly awsRegion: string;
  /** Only for an endpoint of one's own, such as a VPC endpoint's name. */
  readonly endpoint: string | undefined;
  /** As it was written. */
  readonly url: string;
}

const kmsUrl = 'awskms://<key id, or alias/name>?region=<AWS region>, or awskms:///<key ARN>?region=<AWS region>';
const known: ReadonlySet<string> = new Set(['region', 'endpoint']);

/** Pulumi's own notation for its secrets provider, so that the real CLI takes the same text. Throws with what is wrong with it. */
export const parseStateKey = (text: string): StateKey => {
  if (text === 'passphrase') return { provider: 'passphrase' };
  const url = URL.parse(text);
  if (url === null || url.protocol !== 'awskms:') throw new Error(`is neither "passphrase" nor ${kmsUrl}`);
  const keyId = url.host === '' ? url.pathname.slice(1) : `${url.host}${url.pathname}`;
  const awsRegion = url.searchParams.get('region');
  const stranger = [...url.searchParams.keys()].find((name) => !known.has(name));
  if (stranger !== undefined) throw new Error(`has an unknown parameter "${stranger}": ${kmsUrl}`);
  if (keyId === '' || awsRegion === null || awsRegion === '') throw new Error(`lacks the key or its region: ${kmsUrl}`);
  return { provider: 'awskms', keyId, awsRegion, endpoint: url.searchParams.get('endpoint') ?? undefined, url: text };
};

export const StateKeySchema = z.string().superRefine((text, context) => {
  try {
    parseStateKey(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
});
