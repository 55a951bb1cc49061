import type { CredentialsRequest } from '@lapidary/contracts/agent-protocol';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { newId } from '@lapidary/kernel/ids';
import { recordAudit } from '../audit/record-audit.js';
import { newSecret, secretDigest } from '../auth/token-digest.js';
import type { CommandContext } from '../http/command-context.js';
import { checkToken } from './register-agent.js';
import { lockStamp } from './stamp-store.js';

/** A token that leaks is good for an hour; agents ask for the next one at half of it. */
const lifeSeconds = 3_600;
/** Requests that began with the token before end well: longer than the SDK's tries together. */
const graceSeconds = 120;
/** Rows of ended tokens stay to be looked up by name in an audit. */
const keptDays = 7;

export interface WorkloadToken {
  readonly token: string;
  readonly expiresAt: string;
  readonly lifeMs: number;
}

/**
 * A new token for a stamp's workload: good for documents of the tenants that the stamp holds (collections/scope.ts), and nothing
 * else. Those before it end after a grace. Asked for by the stamp's present agent process alone (P-HB3). Null: it is another
 * process. Throws not_found, unauthenticated, or not_ready.
 */
export const issueWorkloadToken = async (tx: Tx, context: CommandContext, request: CredentialsRequest): Promise<WorkloadToken | null> => {
  const row = await lockStamp(tx, request.stamp);
  if (!row || row.status === 'retired' || row.region !== context.region)
    throw new AppError('not_found', `There is no stamp ${request.stamp} here`);
  checkToken(row, request.token);
  const [observed] = await rowsOf<{ instance_id: string }>(tx, 'SELECT instance_id FROM stamp_observation WHERE stamp = $1', [row.name]);
  if (row.epoch !== request.epoch || observed?.instance_id !== request.instanceId) return null;
  const [id, token] = [newId(), newSecret()];
  await tx.query(`UPDATE api_token SET expires_at = least(expires_at, now() + make_interval(secs => $2)) WHERE stamp = $1`, [
    row.name,
    graceSeconds,
  ]);
  await tx.query('DELETE FROM api_token WHERE stamp = $1 AND expires_at < now() - make_interval(days => $2)', [row.name, keptDays]);
  const [issued] = await rowsOf<{ expires_at: Date }>(
    tx,
    `INSERT INTO api_token (id, name, sha256, stamp, expires_at) VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5)) RETURNING expires_at`,
    [id, `${row.name}/${id}`, secretDigest(token), row.name, lifeSeconds],
  );
  const expiresAt = issued!.expires_at.toISOString();
  await recordAudit(tx, context, 'token.issued', `token/${row.name}/${id}`, { stamp: row.name, epoch: row.epoch, expiresAt });
  return { token, expiresAt, lifeMs: lifeSeconds * 1_000 };
};

/** The stamp is no more: its tokens are good for nothing from this commit on. Returns how many were. */
export const revokeWorkloadTokens = async (tx: Tx, context: CommandContext, stamp: string): Promise<number> => {
  const revoked = await rowsOf<{ name: string }>(
    tx,
    'UPDATE api_token SET revoked_at = now() WHERE stamp = $1 AND revoked_at IS NULL RETURNING name',
    [stamp],
  );
  for (const { name } of revoked) await recordAudit(tx, context, 'token.revoked', `token/${name}`, { stamp });
  return revoked.length;
};
