import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { AppError } from '@lapidary/kernel/app-error';
import type { Logger } from '@lapidary/telemetry/logger';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { ControlPlaneMetrics } from '../process/metrics.js';
import { CONFIG, LOGGER, METRICS } from '../process/tokens.js';
import { Allowance } from './allowance.js';
import { Authenticator, type Judgement } from './authenticator.js';
import { clientKey } from './client-address.js';
import type { Credentials } from './credentials.js';
import type { Principal } from './principal.js';
import { RefusalBook } from './refusals.js';
import { secretDigest } from './token-digest.js';

/** From one address: pages full of requests with sessions that have ended, or the workloads behind one address after a restore. What many sent at once beyond it counts for ten minutes. */
const perAddress = { max: 100, perSecond: 1, debtSeconds: 600 } as const;
/** From all of them, against who has many: a look costs the database a tenth of a millisecond. */
const together = { max: 1_000, perSecond: 100, debtSeconds: 1 } as const;
/** A token that was taken back, used on: a script that nobody looks after, or somebody who found it. */
const perAccount = { max: 30, perSecond: 0.2 } as const;
const keysMax = 10_000;
/** An unknown secret again costs no query and nothing of the allowance; as long as a good one is remembered (authenticator.ts). */
const refusedMs = 1_000;
const refusedMax = 1_000;
const everybody = '';

/** Where credentials came from; `entry` is what they were offered as. */
export interface Offer {
  readonly ip: string;
  readonly requestId: string;
  readonly entry: 'bearer' | 'cookie' | 'session';
}

/**
 * Who stands behind credentials, for the edge of the API: wrong ones are counted, limited by address and by account, and told to the audit. Whoever was
 * known here before is looked up however many others come from the same address: nobody is locked out by a neighbour. Each replica counts for itself.
 */
@Injectable()
export class CredentialCheck {
  private readonly addresses = new Allowance(perAddress.max, perAddress.perSecond, keysMax, perAddress.debtSeconds);
  private readonly all = new Allowance(together.max, together.perSecond, 1, together.debtSeconds);
  private readonly accounts = new Allowance(perAccount.max, perAccount.perSecond, keysMax);
  private readonly known = new Set<string>();
  private readonly refused = new Map<string, { readonly judgement: Judgement; readonly until: number }>();
  private readonly book: RefusalBook;

  constructor(
    private readonly authenticator: Authenticator,
    dataSource: DataSource,
    @Inject(CONFIG) config: ControlPlaneConfig,
    @Inject(LOGGER) logger: Logger,
    @Inject(METRICS) private readonly metrics: ControlPlaneMetrics,
  ) {
    this.book = new RefusalBook(dataSource, config.LAPIDARY_REGION, logger);
  }

  /** Null: nobody. Throws rate_limited where so many were wrong that this one is not looked at. */
  async identify(credentials: NonNullable<Credentials>, offer: Offer, nowMs = Date.now()): Promise<Principal | null> {
    const key = `${credentials.via} ${secretDigest(credentials.secret)}`;
    const before = this.refused.get(key);
    const judgement = before && before.until > nowMs ? before.judgement : await this.look(credentials, key, offer, nowMs);
    if ('principal' in judgement) return judgement.principal;
    this.metrics.lapidary_auth_refused_total.inc({ entry: offer.entry, why: judgement.refused });
    if (judgement.name !== null) this.limitAccount(judgement.name, judgement.refused, offer, nowMs);
    return null;
  }

  private async look(credentials: NonNullable<Credentials>, key: string, offer: Offer, nowMs: number): Promise<Judgement> {
    const address = clientKey(offer.ip);
    if (!this.known.has(key)) this.limitAddress(address, offer, nowMs);
    const judgement = await this.authenticator.judge(credentials);
    if (!('principal' in judgement) && !judgement.isWorkload) {
      this.addresses.take(address, nowMs);
      this.all.take(everybody, nowMs);
    }
    this.remember(key, judgement, nowMs);
    return judgement;
  }

  private limitAddress(address: string, offer: Offer, nowMs: number): void {
    const wait = Math.max(this.addresses.waitSeconds(address, nowMs), this.all.waitSeconds(everybody, nowMs));
    if (wait === 0) return;
    this.metrics.lapidary_auth_refused_total.inc({ entry: offer.entry, why: 'limited' });
    const reason = 'more wrong credentials than are looked at';
    this.book.tell(
      { action: 'access.limited', subject: `address/${address}`, reason, requestId: offer.requestId, change: { entry: offer.entry } },
      nowMs,
    );
    throw tooMany('There were too many wrong credentials', wait);
  }

  private limitAccount(name: string, why: string, offer: Offer, nowMs: number): void {
    const change = { why, address: clientKey(offer.ip), entry: offer.entry };
    const reason = `a token that is ${why} is still used`;
    this.book.tell({ action: 'token.refused', subject: `token/${name}`, reason, requestId: offer.requestId, change }, nowMs);
    const wait = this.accounts.waitSeconds(name, nowMs);
    if (wait > 0) throw tooMany('This token is no longer good, and was shown too often', wait);
    this.accounts.take(name, nowMs);
  }

  private remember(key: string, judgement: Judgement, nowMs: number): void {
    this.known.delete(key);
    this.refused.delete(key);
    if ('principal' in judgement) {
      if (this.known.size >= keysMax) this.known.delete(this.known.values().next().value!);
      this.known.add(key);
      return;
    }
    // The others may be trusted again, or handed out anew, at any moment.
    if (judgement.refused !== 'unknown') return;
    if (this.refused.size >= refusedMax) this.refused.clear();
    this.refused.set(key, { judgement, until: nowMs + refusedMs });
  }
}

const tooMany = (message: string, waitSeconds: number): AppError =>
  new AppError('rate_limited', message, { retryAfterSeconds: Math.ceil(waitSeconds) });
