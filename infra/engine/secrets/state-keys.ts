import { parseStateKey, type StateKey } from '@lapidary/contracts/state-key';
import type { KeyHeader, KeyProvider, OpenKey } from './key-provider.js';
import { PassphraseKeys } from './passphrase-keys.js';

/** What is needed to seal state, and to open what was sealed before the setting was changed. */
export interface StateKeySettings {
  readonly passphraseFile: string;
  /** What seals state that is written from now on: "passphrase", or a KMS key's URL (state-key.ts in contracts). */
  readonly stateKey: string;
}

/**
 * The keys of one stack. A file is opened by the provider that sealed it and written by the one that is set: so a change of the
 * setting takes hold of a stack with its next change, and nothing is to be converted at once.
 */
export class StateKeys {
  private readonly wanted: StateKey;

  constructor(
    private readonly settings: StateKeySettings,
    private readonly stack: string,
  ) {
    this.wanted = parseStateKey(settings.stateKey);
  }

  /** As `stateKey` is written. */
  static nameOf(header: KeyHeader): string {
    return header.provider === 'awskms' ? header.url : 'passphrase';
  }

  async create(): Promise<OpenKey> {
    return (await this.providerFor(this.wanted)).create();
  }

  async open(header: KeyHeader): Promise<OpenKey> {
    const sealed = parseStateKey(StateKeys.nameOf(header));
    return (await this.providerFor(this.reachable(sealed))).open(header);
  }

  async isCurrent(header: KeyHeader): Promise<boolean> {
    return (await this.providerFor(this.wanted)).isCurrent(header);
  }

  /** The endpoint that is set now for a region is the one that answers now. */
  private reachable(sealed: StateKey): StateKey {
    const { wanted } = this;
    return wanted.provider === 'awskms' && sealed.provider === 'awskms' && wanted.awsRegion === sealed.awsRegion ? wanted : sealed;
  }

  private async providerFor(key: StateKey): Promise<KeyProvider> {
    if (key.provider === 'passphrase') return new PassphraseKeys(this.settings.passphraseFile) as KeyProvider;
    // Loaded only where it is used: the SDK takes 150 ms and some 15 MB.
    const { KmsKeys } = await import('./kms-keys.js');
    return new KmsKeys(key, this.stack) as KeyProvider;
  }
}
