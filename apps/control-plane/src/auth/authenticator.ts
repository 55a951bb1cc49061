import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Credentials } from './credentials.js';
import type { Principal, Role } from './principal.js';
import { secretDigest } from './token-digest.js';

/** How long a revoked token may still work. Spares one query per request of a busy client. */
const cacheMs = 1_000;
/** More callers than this at once just means more queries. */
const cachedMax = 1_000;

/** Why a secret is good for nothing. */
export type RefusedBecause = 'unknown' | 'revoked' | 'held' | 'expired';

/** `name`: of a person's token that is shown itself. To workloads an end is what they wait for, to be handed the next token. */
export type Judgement =
  | { readonly principal: Principal }
  | { readonly refused: RefusedBecause; readonly name: string | null; readonly isWorkload: boolean };

interface Row {
  readonly name: string;
  readonly state: 'alive' | Exclude<RefusedBecause, 'unknown'>;
  readonly stamp: string | null;
  readonly bindings: { role: Role; region: string }[] | null;
}

/** What `isAlive` (held-credentials.ts) asks for, told apart. */
const state = (endsAt: string): string =>
  `CASE WHEN t.revoked_at IS NOT NULL THEN 'revoked' WHEN t.held_at IS NOT NULL THEN 'held'
        WHEN t.expires_at <= now() OR ${endsAt} <= now() THEN 'expired' ELSE 'alive' END AS state`;

const columns = `t.name, t.stamp, (SELECT json_agg(json_build_object('role', b.role, 'region', b.region)) FROM role_binding b WHERE b.principal = 'token:' || t.name) AS bindings`;

/** Who stands behind a secret. Secrets are looked up by digest; an unknown, expired or revoked one is nobody. */
@Injectable()
export class Authenticator {
  private readonly cache = new Map<string, { readonly principal: Principal; readonly until: number }>();

  constructor(private readonly dataSource: DataSource) {}

  async identify(credentials: NonNullable<Credentials>): Promise<Principal | null> {
    const judgement = await this.judge(credentials);
    return 'principal' in judgement ? judgement.principal : null;
  }

  async judge(credentials: NonNullable<Credentials>): Promise<Judgement> {
    const digest = secretDigest(credentials.secret);
    const key = `${credentials.via} ${digest}`;
    const known = this.cache.get(key);
    if (known && known.until > Date.now()) return { principal: known.principal };
    const judgement = await this.lookUp(credentials.via, digest);
    this.remember(key, 'principal' in judgement ? judgement.principal : null);
    return judgement;
  }

  /** After a log-out the very next request must fail. */
  forget(credentials: NonNullable<Credentials>): void {
    this.cache.delete(`${credentials.via} ${secretDigest(credentials.secret)}`);
  }

  private async lookUp(via: 'bearer' | 'cookie', digest: string): Promise<Judgement> {
    const query =
      via === 'bearer'
        ? `SELECT ${columns}, ${state('NULL::timestamptz')} FROM api_token t WHERE t.sha256 = $1`
        : `SELECT ${columns}, ${state('s.expires_at')} FROM api_session s JOIN api_token t ON t.id = s.token WHERE s.sha256 = $1`;
    const [row]: Row[] = await this.dataSource.query(query, [digest]);
    if (!row) return { refused: 'unknown', name: null, isWorkload: false };
    const isWorkload = row.stamp !== null;
    if (row.state !== 'alive') return { refused: row.state, name: isWorkload || via === 'cookie' ? null : row.name, isWorkload };
    if (row.stamp !== null) return { principal: { actor: `workload:${row.stamp}`, bindings: [], via, stamp: row.stamp } };
    return { principal: { actor: `token:${row.name}`, bindings: row.bindings ?? [], via } };
  }

  private remember(key: string, principal: Principal | null): void {
    this.cache.delete(key);
    if (principal === null) return;
    if (this.cache.size >= cachedMax) this.cache.clear();
    this.cache.set(key, { principal, until: Date.now() + cacheMs });
  }
}
