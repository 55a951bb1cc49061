import { ledgerRowsAtOnceMax } from '@lapidary/contracts/recovery-protocol';
import { inTransaction } from '@lapidary/db/transaction';
import { z } from 'zod';
import type { DataSource } from 'typeorm';
import { passFence } from '../fence/recovery-rows.js';
import { heldPages, type AskHeld } from './held-pages.js';
import { HeldLossSchema, missingInLedger, takeLedgerRows } from './held-ledger.js';

const IdsSchema = z.array(z.string());

/**
 * Fetches what a peer's ledger has and the one here has not. What this region wrote over, or ended with a document's history, it had told in
 * events that it has lost with its database; in the documents nothing is left of it, so that only others' ledgers have it. Rows that are
 * here stay: what still loses is written down as it is when its document is merged. May be done again. Returns how many rows were new.
 */
export const recoverLedger = async (dataSource: DataSource, ask: AskHeld): Promise<number> => {
  let found = 0;
  for await (const ids of heldPages(ask, 'ledger')) {
    const missing = await missingInLedger(dataSource, IdsSchema.parse(ids));
    for (let at = 0; at < missing.length;) {
      const { items } = await ask({ want: 'ledger-rows', ids: missing.slice(at, at + ledgerRowsAtOnceMax) });
      const rows = items.map((item) => HeldLossSchema.parse(item));
      found += await inTransaction(dataSource, async (tx) => {
        await passFence(tx);
        return await takeLedgerRows(tx, rows);
      });
      // Those that have been pruned there meanwhile are left out; where none came, all that were asked for.
      const last = rows.at(-1);
      at = last ? missing.indexOf(last.id) + 1 : at + ledgerRowsAtOnceMax;
    }
  }
  return found;
};
