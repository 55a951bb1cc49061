import { createCipheriv, createDecipheriv, createHash, randomBytes, scryptSync } from 'node:crypto';

/** scrypt cost: some 60 ms and 32 MiB once per operation (RFC 7914 §2; OWASP's floor for interactive use). */
const scryptCost = { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 } as const;
const keyBytes = 32;
/** The nonce size AES-GCM is specified for (NIST SP 800-38D §8.2.1). */
const nonceBytes = 12;
const tagBytes = 16;
const saltBytes = 16;
const algorithm = 'aes-256-gcm';
/** Decrypting this tells a wrong passphrase from a damaged secret. */
const probeText = 'lapidary';

export interface CipherHeader {
  /** Base64. */
  readonly salt: string;
  readonly probe: string;
}

/** One operation opens the same file several times; the key is derived once per process. */
const derived = new Map<string, Buffer>();
const deriveKey = (passphrase: string, salt: Buffer): Buffer => {
  const id = createHash('sha256').update(salt).update(passphrase).digest('hex');
  const key = derived.get(id) ?? scryptSync(passphrase, salt, keyBytes, scryptCost);
  derived.set(id, key);
  return key;
};

export class WrongPassphrase extends Error {}

/**
 * Encrypts the secrets of one stack's state with a key from the passphrase. The stack's name is authenticated with every
 * value, so a secret that is copied into another stack's file does not decrypt there.
 */
export class PassphraseCipher {
  private constructor(
    private readonly key: Buffer,
    private readonly stack: string,
    private readonly salt: Buffer,
  ) {}

  static create(passphrase: string, stack: string): PassphraseCipher {
    const salt = randomBytes(saltBytes);
    return new PassphraseCipher(deriveKey(passphrase, salt), stack, salt);
  }

  static open(passphrase: string, stack: string, header: CipherHeader): PassphraseCipher {
    const salt = Buffer.from(header.salt, 'base64');
    const cipher = new PassphraseCipher(deriveKey(passphrase, salt), stack, salt);
    try {
      if (cipher.decrypt(header.probe) === probeText) return cipher;
    } catch {
      // Falls through: GCM refuses whatever was not made with this key.
    }
    throw new WrongPassphrase(`the passphrase does not open the state of stack ${stack}`);
  }

  get header(): CipherHeader {
    return { salt: this.salt.toString('base64'), probe: this.encrypt(probeText) };
  }

  encrypt(text: string): string {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, this.key, nonce).setAAD(Buffer.from(this.stack));
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
  }

  decrypt(ciphertext: string): string {
    const bytes = Buffer.from(ciphertext, 'base64');
    const decipher = createDecipheriv(algorithm, this.key, bytes.subarray(0, nonceBytes)).setAAD(Buffer.from(this.stack));
    decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
    return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]).toString('utf8');
  }
}
