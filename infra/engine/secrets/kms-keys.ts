import { KMSClient, DecryptCommand, GenerateDataKeyCommand } from '@aws-sdk/client-kms';
import type { KmsStateKey } from '@lapidary/contracts/state-key';
import { engineError } from '../engine-error.js';
import { DataKeyCache } from './data-key-cache.js';
import type { KeyHeader, KeyProvider, KmsHeader, OpenKey } from './key-provider.js';
import { kmsFailure } from './kms-failure.js';

/** The SDK waits longer before each, after a throttle half a second at first: some 4 s in all, and the job tries again later. */
const attemptsMax = 4;
/** A regional endpoint that takes longer to connect or to answer is not there for us. */
const connectMs = 2_000;
const answerMs = 5_000;
/**
 * A data key seals so many secrets at most before its nonces could repeat (2³² by NIST SP 800-38D §8.3); a stack checkpoints some
 * thousands of times a day at the very most, each time some hundred secrets, so a month stays far below.
 */
const dataKeyDaysMax = 30;
const dayMs = 86_400_000;

/** One per process and place: connections and credentials are kept. */
const clients = new Map<string, KMSClient>();
const clientFor = ({ awsRegion, endpoint }: KmsStateKey): KMSClient => {
  const id = `${awsRegion} ${endpoint ?? ''}`;
  const client =
    clients.get(id) ??
    new KMSClient({
      region: awsRegion,
      ...(endpoint === undefined ? {} : { endpoint }),
      maxAttempts: attemptsMax,
      requestHandler: { connectionTimeout: connectMs, requestTimeout: answerMs, throwOnRequestTimeout: true },
    });
  clients.set(id, client);
  return client;
};

const processCache = new DataKeyCache();

/**
 * Envelope encryption: KMS makes a data key per stack and seals it under its own key, which never leaves it. The stack's name is the
 * encryption context: KMS opens the data key for that stack only, the key's policy can be bound to it, and CloudTrail shows it.
 */
export class KmsKeys implements KeyProvider<KmsHeader> {
  constructor(
    private readonly setting: KmsStateKey,
    private readonly stack: string,
    private readonly cache: DataKeyCache = processCache,
  ) {}

  async create(): Promise<OpenKey<KmsHeader>> {
    const made = await this.call(() =>
      clientFor(this.setting).send(
        new GenerateDataKeyCommand({ KeyId: this.setting.keyId, KeySpec: 'AES_256', EncryptionContext: this.context }),
      ),
    );
    const { Plaintext, CiphertextBlob, KeyId } = made;
    if (Plaintext === undefined || CiphertextBlob === undefined || KeyId === undefined) throw this.unreadable();
    const sealedKey = Buffer.from(CiphertextBlob).toString('base64');
    const key = Buffer.from(Plaintext);
    this.cache.put(this.idOf(sealedKey), key);
    return {
      key,
      header: { provider: 'awskms', url: this.setting.url, keyArn: KeyId, sealedKey, madeAt: new Date().toISOString() },
    };
  }

  async open(header: KmsHeader): Promise<OpenKey<KmsHeader>> {
    const { keyArn, sealedKey } = header;
    const key = await this.cache.get(this.idOf(sealedKey), async () => {
      const opened = await this.call(() =>
        clientFor(this.setting).send(
          // Naming the key keeps KMS from opening what somebody sealed with a key of his own (SDK reference, Decrypt).
          new DecryptCommand({ KeyId: keyArn, CiphertextBlob: Buffer.from(sealedKey, 'base64'), EncryptionContext: this.context }),
        ),
      );
      if (opened.Plaintext === undefined) throw this.unreadable();
      return Buffer.from(opened.Plaintext);
    });
    return { key, header };
  }

  isCurrent(header: KeyHeader): boolean {
    if (header.provider !== 'awskms' || header.url !== this.setting.url) return false;
    return Date.now() - Date.parse(header.madeAt) < dataKeyDaysMax * dayMs;
  }

  private get context(): Record<string, string> {
    return { 'lapidary:stack': this.stack };
  }

  private idOf(sealedKey: string): string {
    return `${this.stack} ${sealedKey}`;
  }

  private async call<T>(send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      throw kmsFailure(error, this.setting.keyId, this.stack);
    }
  }

  private unreadable(): Error {
    return engineError('state_key_unavailable', `KMS answered for the key ${this.setting.keyId} without a data key`);
  }
}
