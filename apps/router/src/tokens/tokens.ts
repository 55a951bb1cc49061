import type { RawHeaders } from '@lapidary/stamp-sdk/forward/hop-by-hop';
import { PolledText } from '@lapidary/stamp-sdk/polled-text';
import type { Logger } from '@lapidary/telemetry/logger';
import type { TokenRules } from '../identification/identify-config.js';
import type { RouterMetrics } from '../metrics.js';
import type { TokenFacts } from '../pipeline/identify.js';
import { parseKeySet, type KeySet } from './key-set.js';
import { TokenGate } from './token-gate.js';
import { TokenThread } from './token-thread.js';

/** Identity providers publish new keys hours before they sign with them; a name that is not known makes us look at once. */
const keysEveryMs = 60_000;
const keysAskAgainMs = 5_000;
/** Sets of public keys are a few kB. */
const keysBytesMax = 256 * 1024;

export interface TokensOptions {
  readonly rules: TokenRules;
  /** Where the last good keys are kept. */
  readonly copyFile: string;
  readonly metrics: RouterMetrics;
  readonly logger: Logger;
  /** For tests; else keysEveryMs and keysAskAgainMs. */
  readonly pace?: { readonly everyMs: number; readonly askAgainMs: number };
}

/** Everything about identity tokens: their keys, the thread that checks them, and what is remembered. */
export class Tokens {
  private readonly thread: TokenThread;
  private readonly gate: TokenGate;
  private readonly keys: PolledText;
  private set: KeySet | null = null;

  private constructor({ rules, copyFile, metrics, logger, pace }: TokensOptions) {
    const source = rules.keys;
    const count = (outcome: string): void => metrics.lapidary_router_reloads_total.inc({ what: 'token_keys', outcome });
    const confirmed = (): void => metrics.lapidary_router_token_keys_confirmed_seconds.set(Date.now() / 1000);
    // A source that never answers must be missed, too.
    confirmed();
    this.thread = new TokenThread(rules, logger);
    this.gate = new TokenGate({
      check: (token) => this.thread.check(token),
      refreshKeys: () => this.keys.refresh(),
      keys: () => this.set,
      keysAreCurrent: () => this.keys.isCurrent,
      cacheMs: rules.cacheSeconds * 1000,
      onOutcome: (outcome) => metrics.lapidary_router_tokens_total.inc({ outcome }),
    });
    this.keys = new PolledText({
      source,
      copyFile,
      bytesMax: keysBytesMax,
      everyMs: pace?.everyMs ?? keysEveryMs,
      askAgainMs: pace?.askAgainMs ?? keysAskAgainMs,
      onText: (text, from) => {
        this.set = parseKeySet(text);
        this.thread.useKeys(this.set.keys);
        count('taken');
        logger.info({ source, from, keys: this.set.keys.keys.length }, 'tokens are checked by these keys');
      },
      onConfirmed: confirmed,
      onFailed: (error) => {
        count('refused');
        logger.error({ err: error, source, hasKeys: this.set !== null }, 'the keys of tokens can’t be read; the last ones stay');
      },
      onNotKept: (error) =>
        logger.error({ err: error, file: copyFile }, 'the keys of tokens are in use, and their copy could not be written'),
    });
  }

  /** Without keys too: what needs no token is served, and the keys may come. */
  static async start(options: TokensOptions): Promise<Tokens> {
    const tokens = new Tokens(options);
    await tokens.keys.start();
    return tokens;
  }

  facts(rawHeaders: RawHeaders): TokenFacts | Promise<TokenFacts> {
    return this.gate.facts(rawHeaders);
  }

  /** When what has been asked is answered; nothing more may be asked. */
  async stop(): Promise<void> {
    this.keys.stop();
    await this.gate.settled();
    await this.thread.stop();
  }
}
