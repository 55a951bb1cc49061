import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Credentials } from './credentials.js';
import { isAlive } from './held-credentials.js';
import type { Principal, Role } from './principal.js';
import { secretDigest } from './token-digest.js';

/** How long a revoked token may still work. Spares one query per request of a busy client. */
const cacheMs = 1_000;
/** More callers than this at once just means more queries. */
const cachedMax = 1_000;

interface Row {
  readonly name: string;
  readonly stamp: string | null;
  readonly bindings: { role: Role; region: string }[] | null;
}

const columns = `t.name, t.stamp, (SELECT json_agg(json_build_object('role', b.role, 'region', b.region)) FROM role_binding b WHERE b.principal = 'token:' || t.name) AS bindings`;

/** Who stands behind a secret. Secrets are looked up by digest; an unknown, expired or revoked one is nobody. */
@Injectable()
export class Authenticator {
  private readonly cache = new Map<string, { readonly principal: Principal; readonly until: number }>();

  constructor(private readonly dataSource: DataSource) {}

  async identify(credentials: NonNullable<Credentials>): Promise<Principal | null> {
    const digest = secretDigest(credentials.secret);
    const key = `${credentials.via} ${digest}`;
    const known = this.cache.get(key);
    if (known && known.until > Date.now()) return known.principal;
    const principal = await this.lookUp(credentials.via, digest);
    this.remember(key, principal);
    return principal;
  }

  /** After a log-out the very next request must fail. */
  forget(credentials: NonNullable<Credentials>): void {
    this.cache.delete(`${credentials.via} ${secretDigest(credentials.secret)}`);
  }

  private async lookUp(via: 'bearer' | 'cookie', digest: string): Promise<Principal | null> {
    const query =
      via === 'bearer'
        ? `SELECT ${columns} FROM api_token t WHERE t.sha256 = $1 AND ${isAlive}`
        : `SELECT ${columns} FROM api_session s JOIN api_token t ON t.id = s.token WHERE s.sha256 = $1 AND s.expires_at > now() AND ${isAlive}`;
    const [row]: Row[] = await this.dataSource.query(query, [digest]);
    if (!row) return null;
    if (row.stamp !== null) return { actor: `workload:${row.stamp}`, bindings: [], via, stamp: row.stamp };
    return { actor: `token:${row.name}`, bindings: row.bindings ?? [], via };
  }

  private remember(key: string, principal: Principal | null): void {
    this.cache.delete(key);
    if (principal === null) return;
    if (this.cache.size >= cachedMax) this.cache.clear();
    this.cache.set(key, { principal, until: Date.now() + cacheMs });
  }
}
