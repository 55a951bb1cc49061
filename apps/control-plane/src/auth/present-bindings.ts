import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { isAlive } from './held-credentials.js';
import type { Principal } from './principal.js';

/** What `token:<name>` may do now; null where no token of that name is alive. For what was asked for earlier and is done later. */
export const presentBindings = async (reader: Reader, actor: string): Promise<Principal['bindings'] | null> => {
  const rows = await rowsOf<{ bindings: Principal['bindings'] | null }>(
    reader,
    `SELECT (SELECT json_agg(json_build_object('role', b.role, 'region', b.region)) FROM role_binding b WHERE b.principal = $1) AS bindings
       FROM api_token t WHERE 'token:' || t.name = $1 AND t.stamp IS NULL AND ${isAlive} LIMIT 1`,
    [actor],
  );
  return rows[0] ? (rows[0].bindings ?? []) : null;
};
