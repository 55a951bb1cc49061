import { inTransaction, type Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { recordAudit } from '../audit/record-audit.js';
import type { CommandContext } from '../http/command-context.js';
import { isAlive } from './held-credentials.js';
import { newSecret, secretDigest } from './token-digest.js';

/** A working day; then the token has to be shown again. */
export const sessionSeconds = 12 * 60 * 60;

@Injectable()
export class Sessions {
  constructor(private readonly dataSource: DataSource) {}

  /** Begins a session for the token's owner; returns the cookie's secret. Old sessions are swept on the way. */
  async begin(token: string, context: Omit<CommandContext, 'actor'>): Promise<string> {
    return await inTransaction(this.dataSource, async (tx) => {
      const [owner]: { id: string; name: string }[] = await tx.query(
        `SELECT t.id, t.name FROM api_token t WHERE t.sha256 = $1 AND ${isAlive}`,
        [secretDigest(token)],
      );
      if (!owner) throw new AppError('unauthenticated', 'There is no such token');
      const secret = newSecret();
      await tx.query(`DELETE FROM api_session WHERE expires_at < now()`);
      await tx.query(`INSERT INTO api_session (sha256, token, expires_at) VALUES ($1, $2, now() + make_interval(secs => $3))`, [
        secretDigest(secret),
        owner.id,
        sessionSeconds,
      ]);
      await recordAudit(tx, { ...context, actor: `token:${owner.name}` }, 'session.begun', `token/${owner.name}`, null);
      return secret;
    });
  }

  async end(secret: string, context: CommandContext): Promise<void> {
    await inTransaction(this.dataSource, async (tx: Tx) => {
      const ended: unknown[] = await tx.query(`WITH gone AS (DELETE FROM api_session WHERE sha256 = $1 RETURNING 1) SELECT * FROM gone`, [
        secretDigest(secret),
      ]);
      if (ended.length > 0) await recordAudit(tx, context, 'session.ended', context.actor.replace(':', '/'), null);
    });
  }
}
