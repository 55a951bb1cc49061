import { everyRegion, type CreateToken, type TokenView } from '@lapidary/contracts/api/tokens';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { newId } from '@lapidary/kernel/ids';
import { recordAudit } from '../audit/record-audit.js';
import type { CommandContext } from '../http/command-context.js';
import { requireRole, type Principal } from '../auth/principal.js';

export interface TokenRow {
  readonly name: string;
  readonly bindings: TokenView['bindings'];
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly revoked_at: Date | null;
  readonly held_at: Date | null;
}

const select = `SELECT t.name, t.created_at, t.expires_at, t.revoked_at, t.held_at,
    coalesce((SELECT json_agg(json_build_object('role', b.role, 'region', b.region) ORDER BY b.region, b.role)
                FROM role_binding b WHERE b.principal = 'token:' || t.name), '[]') AS bindings
  FROM api_token t WHERE t.stamp IS NULL`;

/** Tokens of people and machines, by name; those of workloads are their agents' affair. One row more than `limit`. */
export const listTokens = async (reader: Reader, query: { readonly after: string | null; readonly limit: number }): Promise<TokenRow[]> =>
  rowsOf<TokenRow>(reader, `${select} AND ($1::text IS NULL OR t.name > $1) ORDER BY t.name LIMIT $2`, [query.after, query.limit + 1]);

const tokenOf = async (reader: Reader, name: string): Promise<TokenRow> => {
  const [row] = await rowsOf<TokenRow>(reader, `${select} AND t.name = $1`, [name]);
  if (!row) throw new AppError('not_found', `There is no token ${name}`);
  return row;
};

/**
 * Lets somebody in. The secret stays with who made it: only its digest comes here, so that no answer, log or idempotency key ever
 * holds one. Nobody gives away more than they have: each role takes an admin of its region.
 */
export const createToken = async (tx: Tx, context: CommandContext, principal: Principal, request: CreateToken): Promise<TokenRow> => {
  const { name, sha256, bindings, expiresAt } = request;
  for (const { region } of bindings) {
    requireRole(principal, 'admin', region);
    if (region !== everyRegion) await refuseUnknown(tx, region);
  }
  if (expiresAt !== undefined && Date.parse(expiresAt) <= Date.now())
    throw new AppError('invalid_input', 'It would have ended already', { fields: [{ path: 'expiresAt', message: 'lies in the past' }] });
  const created = await rowsOf(
    tx,
    'INSERT INTO api_token (id, name, sha256, expires_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING 1',
    [newId(), name, sha256, expiresAt ?? null],
  );
  if (created.length === 0) throw new AppError('name_taken', `The token name ${name} is taken, or its secret is`);
  // Of whoever had the name before there was a token of it.
  await tx.query('DELETE FROM role_binding WHERE principal = $1', [`token:${name}`]);
  for (const { role, region } of bindings)
    await tx.query('INSERT INTO role_binding (principal, role, region) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
      `token:${name}`,
      role,
      region,
    ]);
  await recordAudit(tx, context, 'token.created', `token/${name}`, { bindings, expiresAt: expiresAt ?? null });
  return await tokenOf(tx, name);
};

const refuseUnknown = async (tx: Tx, region: string): Promise<void> => {
  const known = await rowsOf(tx, 'SELECT 1 FROM region WHERE name = $1', [region]);
  if (known.length > 0) return;
  throw new AppError('unknown_region', `There is no region ${region}`, { fields: [{ path: 'bindings', message: `${region} is unknown` }] });
};

/** It and the sessions that were begun with it are good for nothing from this commit on, but for a second of cache (auth/authenticator.ts). Again changes nothing. */
export const revokeToken = async (tx: Tx, context: CommandContext, name: string): Promise<TokenRow> => {
  const before = await tokenOf(tx, name);
  const revoked = await rowsOf<{ id: string }>(
    tx,
    'UPDATE api_token SET revoked_at = now(), held_at = NULL WHERE name = $1 AND stamp IS NULL AND revoked_at IS NULL RETURNING id',
    [name],
  );
  if (revoked.length === 0) return before;
  await tx.query('DELETE FROM api_session WHERE token = $1', [revoked[0]!.id]);
  await recordAudit(tx, context, 'token.revoked', `token/${name}`, null);
  return await tokenOf(tx, name);
};
