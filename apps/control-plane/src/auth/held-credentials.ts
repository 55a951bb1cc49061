import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { recordAudit } from '../audit/record-audit.js';
import type { CommandContext } from '../http/command-context.js';

/** SQL, of an `api_token` t: it is good for what it is bound to. */
export const isAlive = `t.revoked_at IS NULL AND t.held_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())`;

/**
 * What this database remembers of who may call may have been taken back since: it is a backup, or may be one. Sessions end, for people can begin another;
 * tokens of workloads end, for their agents are handed another; any other token is held until somebody says that it is still good. The token of
 * LAPIDARY_ADMIN_TOKEN_FILE is good again as soon as that file is read (ensure-admin-token.ts), which no backup changes.
 */
export const holdCredentials = async (tx: Tx, context: CommandContext): Promise<void> => {
  const sessions = await rowsOf(tx, 'DELETE FROM api_session RETURNING 1');
  const ended = await rowsOf(
    tx,
    `UPDATE api_token t SET expires_at = now() WHERE t.stamp IS NOT NULL AND (t.expires_at IS NULL OR t.expires_at > now()) RETURNING 1`,
  );
  const held = await rowsOf<{ name: string }>(
    tx,
    `UPDATE api_token t SET held_at = now() WHERE t.stamp IS NULL AND ${isAlive} RETURNING t.name`,
  );
  await recordAudit(tx, context, 'credentials.held', `region/${context.region}`, {
    ...{ sessionsEnded: sessions.length, workloadTokensEnded: ended.length },
    tokensHeld: held.map(({ name }) => name).sort(),
  });
};

/** Names of tokens that are held, in order. */
export const heldTokens = async (reader: Reader): Promise<string[]> => {
  const sql = 'SELECT name FROM api_token WHERE held_at IS NOT NULL AND revoked_at IS NULL ORDER BY name';
  return (await rowsOf<{ name: string }>(reader, sql)).map(({ name }) => name);
};

/** Whether the one that somebody asked with is held: what it asked for waits. `actor` is `token:<name>`. */
export const isHeld = async (reader: Reader, actor: string): Promise<boolean> =>
  (await rowsOf(reader, `SELECT 1 FROM api_token WHERE 'token:' || name = $1 AND held_at IS NOT NULL AND revoked_at IS NULL`, [actor]))
    .length > 0;

/** Held tokens are good again: nothing was lost after all, or somebody has looked at them. Without `names`: all. Throws not_found for one that is not held. */
export const trustTokens = async (tx: Tx, context: CommandContext, names?: readonly string[]): Promise<void> => {
  const held = await heldTokens(tx);
  const unknown = (names ?? []).filter((name) => !held.includes(name));
  if (unknown.length > 0) throw new AppError('not_found', `No token is held by the name ${unknown.join(', ')}`);
  const trusted = names ?? held;
  if (trusted.length === 0) return;
  await tx.query('UPDATE api_token SET held_at = NULL WHERE name = ANY($1)', [trusted]);
  for (const name of trusted) await recordAudit(tx, context, 'token.trusted', `token/${name}`, null);
};
