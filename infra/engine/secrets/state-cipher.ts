import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { engineError } from '../engine-error.js';
import type { KeyHeader, OpenKey } from './key-provider.js';

/** The nonce size AES-GCM is specified for (NIST SP 800-38D §8.2.1). */
const nonceBytes = 12;
const tagBytes = 16;
const algorithm = 'aes-256-gcm';
/** Decrypting this tells a wrong key from a damaged secret. */
const probeText = 'lapidary';

/**
 * Seals the secrets of one stack's state. The stack's name is authenticated with every value, so a secret that is copied into
 * another stack's file does not decrypt there.
 */
export class StateCipher {
  constructor(
    private readonly open: OpenKey,
    private readonly stack: string,
  ) {}

  /** Refuses a key that did not seal the file with this header. */
  static checked(open: OpenKey, stack: string, header: KeyHeader): StateCipher {
    const cipher = new StateCipher(open, stack);
    try {
      if (cipher.decrypt(header.probe) === probeText) return cipher;
    } catch {
      // Falls through: GCM refuses whatever was not made with this key.
    }
    throw engineError(
      'state_unusable',
      `the ${header.provider === 'awskms' ? 'data key' : 'passphrase'} does not open the state of stack ${stack}`,
    );
  }

  get header(): KeyHeader {
    return { ...this.open.header, probe: this.encrypt(probeText) } as KeyHeader;
  }

  encrypt(text: string): string {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, this.open.key, nonce).setAAD(Buffer.from(this.stack));
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
  }

  decrypt(ciphertext: string): string {
    const bytes = Buffer.from(ciphertext, 'base64');
    const decipher = createDecipheriv(algorithm, this.open.key, bytes.subarray(0, nonceBytes)).setAAD(Buffer.from(this.stack));
    decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
    return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]).toString('utf8');
  }
}
