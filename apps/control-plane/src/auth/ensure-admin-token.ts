import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { newId } from '@lapidary/kernel/ids';
import { recordAudit } from '../audit/record-audit.js';
import { systemContext } from '../http/command-context.js';
import { everyRegion } from '@lapidary/contracts/api/tokens';
import { secretDigest } from './token-digest.js';

export const adminName = 'admin';
/** Shorter ones could be guessed. */
const tokenLengthMin = 16;

/** The first administrator's token comes from a file; changing the file and restarting changes the token. */
export const ensureAdminToken = async (tx: Tx, region: string, token: string | undefined): Promise<void> => {
  if (token === undefined) return;
  if (token.length < tokenLengthMin)
    throw new AppError('config_invalid', `LAPIDARY_ADMIN_TOKEN_FILE: the token has fewer than ${tokenLengthMin} characters`);
  const changed: unknown[] = await tx.query(
    `INSERT INTO api_token AS t (id, name, sha256) VALUES ($1, $2, $3)
     ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256, revoked_at = NULL, expires_at = NULL, held_at = NULL
       WHERE t.sha256 <> excluded.sha256 OR t.revoked_at IS NOT NULL OR t.expires_at IS NOT NULL OR t.held_at IS NOT NULL
     RETURNING id`,
    [newId(), adminName, secretDigest(token)],
  );
  await tx.query(`INSERT INTO role_binding (principal, role, region) VALUES ($1, 'admin', $2) ON CONFLICT DO NOTHING`, [
    `token:${adminName}`,
    everyRegion,
  ]);
  if (changed.length > 0) await recordAudit(tx, systemContext(region, 'start', newId()), 'token.installed', `token/${adminName}`, null);
};
