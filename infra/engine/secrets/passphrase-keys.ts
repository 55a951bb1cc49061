import { createHash, randomBytes, scryptSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { engineError } from '../engine-error.js';
import type { KeyHeader, KeyProvider, OpenKey, PassphraseHeader } from './key-provider.js';

/** scrypt cost: some 60 ms and 32 MiB once per operation (RFC 7914 §2; OWASP's floor for interactive use). */
const scryptCost = { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 } as const;
const keyBytes = 32;
const saltBytes = 16;

/** One operation opens the same file several times; the key is derived once per process. */
const derived = new Map<string, Buffer>();
const deriveKey = (passphrase: string, salt: Buffer): Buffer => {
  const id = createHash('sha256').update(salt).update(passphrase).digest('hex');
  const key = derived.get(id) ?? scryptSync(passphrase, salt, keyBytes, scryptCost);
  derived.set(id, key);
  return key;
};

/** A key derived from the passphrase in a file. A wrong passphrase yields a wrong key, which the cipher's probe tells. */
export class PassphraseKeys implements KeyProvider<PassphraseHeader> {
  constructor(private readonly passphraseFile: string) {}

  create(): Promise<OpenKey<PassphraseHeader>> {
    return this.withSalt(randomBytes(saltBytes));
  }

  open({ salt }: PassphraseHeader): Promise<OpenKey<PassphraseHeader>> {
    return this.withSalt(Buffer.from(salt, 'base64'));
  }

  isCurrent({ provider }: KeyHeader): boolean {
    return provider === 'passphrase';
  }

  private async withSalt(salt: Buffer): Promise<OpenKey<PassphraseHeader>> {
    return {
      key: deriveKey(await this.passphrase(), salt),
      header: { provider: 'passphrase', salt: salt.toString('base64') },
    };
  }

  private async passphrase(): Promise<string> {
    const text = await readFile(this.passphraseFile, 'utf8').catch(() => '');
    if (text.trim() === '') throw engineError('state_unusable', `there is no passphrase in ${this.passphraseFile}`);
    return text.trim();
  }
}
