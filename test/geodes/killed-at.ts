import { waitFor } from '@lapidary/kernel/wait-for';
import type { Geodes } from './geodes.js';

const timeoutMs = 60_000;

/** Where a control plane is held: it waits with a statement like this for rows that are locked by `rows`, a SELECT … FOR UPDATE. */
export interface Place {
  readonly rows: string;
  readonly statement: RegExp;
}

/**
 * kill -9 of a region's control plane in the midst of a transaction that waits for rows held here: it is known to be there, however fast
 * it is. `meanwhile`: what makes it come there.
 */
export const killedAt = async (
  geodes: Geodes,
  region: string,
  { rows, statement }: Place,
  meanwhile: () => Promise<void> | void = () => undefined,
): Promise<void> => {
  const holder = await geodes.connect(region);
  try {
    await holder.query('BEGIN');
    const { rowCount } = await holder.query(rows);
    if (rowCount === 0) throw new Error(`There is nothing to hold: ${rows}`);
    await meanwhile();
    await waitFor(
      `a transaction to wait at ${statement.source}`,
      async () => {
        // What a transaction has seen of others' doings it would see for ever.
        await holder.query('SELECT pg_stat_clear_snapshot()');
        const { rows: waiting } = await holder.query<{ query: string }>(
          'SELECT query FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))',
        );
        return waiting.some(({ query }) => statement.test(query)) || undefined;
      },
      { timeoutMs, intervalMs: 20 },
    );
    // The server learns of it once what is held is let go: its transaction is rolled back.
    const back = geodes.kill('control-plane', region);
    await holder.query('ROLLBACK');
    await back;
  } finally {
    await holder.end();
  }
};
