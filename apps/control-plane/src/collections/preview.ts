import type { DefineCollection, PolicyPreview } from '@lapidary/contracts/api/collections';
import type { Loss } from '@lapidary/contracts/events/collection-events';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { refusalOf } from '@lapidary/replication/collections/definitions';
import type { DocumentState } from '@lapidary/replication/collections/document-state';
import { previewDecision, previewState } from '@lapidary/replication/collections/preview-policy';
import { definedCollection } from './collection-row.js';

/** The newest of each; a person reads dozens, and a preview answers within a second. */
const lookedAtMax = 1_000;

/** What a policy would change, without changing anything: open states are resolved anew, past decisions taken again. */
export const previewPolicy = async (reader: Reader, collection: string, input: DefineCollection): Promise<PolicyPreview> => {
  const { definition } = await definedCollection(reader, collection);
  const refused = refusalOf(definition, input);
  if (refused !== null) return { documents: 0, ledger: 0, changes: [], overBudget: [], refused };
  const documents = await rowsOf<{ tenant: string; id: string; state: DocumentState }>(
    reader,
    'SELECT tenant, id, state FROM document WHERE collection = $1 AND kind = $2 AND conflicted ORDER BY updated_at DESC, tenant, id LIMIT $3',
    [collection, input.policy.kind, lookedAtMax],
  );
  const ledger = await rowsOf<Loss & { tenant: string; id: string }>(
    reader,
    `SELECT tenant, split_part(subject, '/', 4) AS id, field, winner, loser FROM conflict
      WHERE collection = $1 AND subject LIKE 'document/%' AND field <> '$definition' ORDER BY detected_at DESC, id LIMIT $2`,
    [collection, lookedAtMax],
  );
  const overBudget = await rowsOf<{ tenant: string; id: string; bytes: number }>(
    reader,
    'SELECT tenant, id, bytes FROM document WHERE collection = $1 AND kind = $2 AND exists AND bytes > $3 ORDER BY bytes DESC, tenant, id LIMIT $4',
    [collection, input.policy.kind, input.budgets.documentBytes, lookedAtMax],
  );
  return {
    documents: documents.length,
    ledger: ledger.length,
    changes: [
      ...documents.flatMap(({ tenant, id, state }) => previewState({ tenant, id }, state, definition.policy, input.policy)),
      ...ledger.flatMap(({ tenant, id, ...loss }) => previewDecision({ tenant, id }, loss, input.policy) ?? []),
    ],
    overBudget,
    refused: null,
  };
};
