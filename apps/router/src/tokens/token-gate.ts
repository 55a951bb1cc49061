import { createHash } from 'node:crypto';
import { isTenantId } from '@lapidary/kernel/names';
import { headerValues, type RawHeaders } from '@lapidary/stamp-sdk/forward/hop-by-hop';
import { VerifiedTokens } from '@lapidary/stamp-sdk/verified-tokens';
import type { TokenFacts } from '../pipeline/identify.js';
import type { KeySet } from './key-set.js';
import type { Verdict } from './token-worker.js';

export type TokenOutcome = 'known' | 'good' | 'refused' | 'overloaded' | 'no_keys' | 'stale_keys' | 'failed';

export interface TokenGateOptions {
  /** Checks a token off the loop that moves traffic; rejects where that is not possible now. */
  readonly check: (token: string) => Promise<Verdict>;
  /** Looks for newer keys, seldom enough that rubbish can't cause a storm. */
  readonly refreshKeys: () => Promise<void>;
  /** null: there are none yet. */
  readonly keys: () => KeySet | null;
  /** Whether their source has been read at the last look: else a key that is not known may be its newest. */
  readonly keysAreCurrent: () => boolean;
  readonly cacheMs: number;
  readonly onOutcome: (outcome: TokenOutcome) => void;
  readonly nowMs?: () => number;
}

/** Tenants' users that are active within minutes; some 300 bytes each. */
const goodMax = 50_000;
/** Beside the good ones, so that rubbish can't push them out. */
const badMax = 4_096;
/** A token that is no good may be so because its time is just coming; one that is tried again and again must not cost a check each time. */
const badMs = 2_000;
/** What the thread works off in a tenth of a second or two; more would make everybody wait for somebody's rubbish. */
export const checksMax = 512;
/** Identity providers stay below 4 kB; heads end at 16 kB anyway. */
const tokenBytesMax = 8_192;

const none: TokenFacts = { kind: 'none' };
const twice: TokenFacts = { kind: 'invalid', reason: 'there is more than one Authorization field' };
const twoReadings: TokenFacts = { kind: 'invalid', reason: 'the Authorization field can be read in two ways' };
const tooLarge: TokenFacts = { kind: 'invalid', reason: 'the token is too large' };
const namesNobody: TokenFacts = { kind: 'invalid', reason: 'the token names no tenant' };
const tooMany: TokenFacts = { kind: 'unchecked', reason: 'too many tokens are being checked' };
const noKeys: TokenFacts = { kind: 'unchecked', reason: 'there are no keys to check tokens by' };
const staleKeys: TokenFacts = {
  kind: 'unchecked',
  reason: 'the token is signed by a key that is not known, and the source of keys can’t be read',
};
const failed: TokenFacts = { kind: 'unchecked', reason: 'the check of tokens has failed' };
const unknownKey: TokenFacts = { kind: 'invalid', reason: 'the token is signed by a key that is not known' };

/** Three parts: a token of another kind is the workload's business, and says nothing of a tenant to us. */
const bearerToken = /^bearer +([\w-]+\.[\w-]+\.[\w-]*)$/i;
/** What a workload that reads less strictly may find such a token in: behind a tab, in a list, in quotes, padded. */
const tokenWithin = /^bearer[^\w.~+/-](?:.*[^\w.~+/-])?[\w-]+\.[\w-]+\.[\w-]*(?:[^\w.~+/-]|$)/i;

interface Good {
  readonly facts: TokenFacts;
  readonly kid: string | null;
  /** Of the key that it was checked by. */
  readonly print: string;
}

/** What a request's token says of its tenant: from memory where it was seen before, else checked, with a bound on how many at a time. */
export class TokenGate {
  private readonly good: VerifiedTokens<Good>;
  private readonly bad: VerifiedTokens<TokenFacts>;
  /** By the token's hash: a crowd with one new token costs one check. */
  private readonly checking = new Map<string, Promise<TokenFacts>>();
  /** Of these, those that wait for newer keys, which takes seconds where their source hangs. */
  private awaitingKeys = 0;

  constructor(private readonly options: TokenGateOptions) {
    const { nowMs } = options;
    this.good = new VerifiedTokens({ max: goodMax, ttlMs: options.cacheMs, nowMs });
    this.bad = new VerifiedTokens({ max: badMax, ttlMs: badMs, nowMs });
  }

  /** Never rejects. A promise only where the token has to be checked. */
  facts(rawHeaders: RawHeaders): TokenFacts | Promise<TokenFacts> {
    const values = headerValues(rawHeaders, 'authorization');
    if (values.length > 1) return twice;
    const [value = ''] = values;
    const token = bearerToken.exec(value)?.[1];
    if (token === undefined) return tokenWithin.test(value) ? twoReadings : none;
    if (token.length > tokenBytesMax) return tooLarge;
    const known = this.known(token);
    if (known) return this.told('known', known);
    return this.checkOnce(token);
  }

  /** When no check is under way any more. */
  async settled(): Promise<void> {
    await Promise.all(this.checking.values());
  }

  /** A key that was taken away may have leaked: what was believed by it is checked anew, and nothing else is. */
  private known(token: string): TokenFacts | undefined {
    const good = this.good.get(token);
    if (good && this.options.keys()?.print(good.kid) === good.print) return good.facts;
    return this.bad.get(token);
  }

  private checkOnce(token: string): TokenFacts | Promise<TokenFacts> {
    const key = createHash('sha256').update(token).digest('base64');
    const underWay = this.checking.get(key);
    if (underWay) return underWay;
    // Who waits for keys that may never come keeps nobody from being checked by those that are here.
    if (this.checking.size - this.awaitingKeys >= checksMax) return this.told('overloaded', tooMany);
    const checking = this.check(token)
      .catch(() => this.told('failed', failed))
      .finally(() => this.checking.delete(key));
    this.checking.set(key, checking);
    return checking;
  }

  private async check(token: string): Promise<TokenFacts> {
    const first = await this.verdict(token);
    if (first.verdict.kind !== 'unknown_key') return this.conclude(token, first);
    if (this.awaitingKeys >= checksMax) return this.told('overloaded', tooMany);
    this.awaitingKeys += 1;
    await this.options.refreshKeys().finally(() => (this.awaitingKeys -= 1));
    if (this.options.keys() === null) return this.told('no_keys', noKeys);
    return this.conclude(token, this.options.keys() === first.keys ? first : await this.verdict(token));
  }

  private async verdict(token: string): Promise<{ readonly verdict: Verdict; readonly keys: KeySet | null }> {
    const keys = this.options.keys();
    return { verdict: await this.options.check(token), keys };
  }

  private conclude(token: string, { verdict, keys }: { readonly verdict: Verdict; readonly keys: KeySet | null }): TokenFacts {
    if (verdict.kind === 'bad') return this.refuse(token, { kind: 'invalid', reason: verdict.reason });
    if (verdict.kind === 'unknown_key')
      return this.options.keysAreCurrent() ? this.refuse(token, unknownKey) : this.refuse(token, staleKeys, 'stale_keys');
    const { tenant, endsAtMs, kid } = verdict;
    if (typeof tenant !== 'string' || !isTenantId(tenant)) return this.refuse(token, namesNobody);
    const facts: TokenFacts = { kind: 'verified', tenant };
    const print = keys?.print(kid);
    if (print !== undefined) this.good.put(token, { facts, kid, print }, endsAtMs);
    return this.told('good', facts);
  }

  private refuse(token: string, facts: TokenFacts, outcome: TokenOutcome = 'refused'): TokenFacts {
    this.bad.put(token, facts, Infinity);
    return this.told(outcome, facts);
  }

  private told(outcome: TokenOutcome, facts: TokenFacts): TokenFacts {
    this.options.onOutcome(outcome);
    return facts;
  }
}
