import { z } from 'zod';

/** What the state file says of the key that sealed it. Files from before there was a choice name no provider. */
const PassphraseHeaderSchema = z.object({
  provider: z.literal('passphrase').default('passphrase'),
  /** Base64. */
  salt: z.string(),
  probe: z.string(),
});
const KmsHeaderSchema = z.object({
  provider: z.literal('awskms'),
  /** The key as it was asked for (state-key.ts in contracts), and which one KMS took. */
  url: z.string(),
  keyArn: z.string(),
  /** The data key, sealed by KMS; base64. */
  sealedKey: z.string(),
  madeAt: z.iso.datetime(),
  probe: z.string(),
});
export const KeyHeaderSchema = z.union([PassphraseHeaderSchema, KmsHeaderSchema]);
export type KeyHeader = z.output<typeof KeyHeaderSchema>;
export type PassphraseHeader = z.output<typeof PassphraseHeaderSchema>;
export type KmsHeader = z.output<typeof KmsHeaderSchema>;

export interface OpenKey<H extends KeyHeader = KeyHeader> {
  /** 32 bytes, in memory only. */
  readonly key: Buffer;
  /** All of the header but the probe, which the cipher makes (state-cipher.ts). */
  readonly header: Omit<H, 'probe'>;
}

/**
 * Where the key of one stack's secrets comes from. Both implementations pass the same suite
 * (infra/testing/key-provider-contract.ts).
 */
export interface KeyProvider<H extends KeyHeader = KeyHeader> {
  create(): Promise<OpenKey<H>>;
  /** The key that sealed a file with this header. Throws an EngineError that says why it can't be had. */
  open(header: H): Promise<OpenKey<H>>;
  /** false: a new key is to be made when the file is next written. */
  isCurrent(header: KeyHeader): boolean;
}
