import { DecisionSchema, type Explanation } from '@lapidary/contracts/api/tenants';
import { evaluate } from '../placement/decide.js';
import { readStampFacts, withoutHolding } from '../placement/read-facts.js';
import type { Reader } from '@lapidary/db/transaction';
import { tenantFactsOf, tenantViewOf } from './tenant-row.js';
import { getTenant, latestDecision } from './tenant-store.js';

/** Not recorded, so it has no id of its own. */
const unrecorded = 'now';

/** The recorded decision, and what would be decided now if the tenant had no stamp yet. Changes nothing (P-ST5). */
export const explainTenant = async (reader: Reader, id: string, baseDomain: string): Promise<Explanation> => {
  const row = await getTenant(reader, id);
  const recorded = await latestDecision(reader, id);
  const holding = row.stamp === null || row.units === null ? null : { stamp: row.stamp, units: row.units };
  const choice = evaluate(tenantFactsOf(row), withoutHolding(await readStampFacts(reader), holding));
  return {
    tenant: tenantViewOf(row, baseDomain),
    decision: recorded === null ? null : DecisionSchema.parse({ ...recorded, at: recorded.decided_at.toISOString() }),
    now: DecisionSchema.parse({
      id: unrecorded,
      tenant: id,
      outcome: choice.chosen === null ? 'pending' : 'placed',
      chosen: choice.chosen,
      epoch: null,
      summary: choice.summary,
      at: new Date().toISOString(),
      candidates: choice.candidates,
    }),
  };
};
