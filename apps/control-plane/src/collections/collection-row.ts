import type { CollectionView } from '@lapidary/contracts/api/collections';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { regionOfHlc } from '@lapidary/kernel/hybrid-logical-clock';
import { resolveDefinition, type Defined } from '@lapidary/replication/collections/definitions';
import type { Register } from '@lapidary/replication/merge/register';
import { historyBytes } from './due-histories.js';

interface Row {
  readonly name: string;
  readonly definition: Register;
  readonly documents: number;
  readonly conflicts: number;
  readonly largest: number;
  readonly longest: number;
  readonly histories: NonNullable<CollectionView['histories']>;
}

/** Documents of a kind that lost its claim to the name don't count: nobody reads them here. */
const select = `SELECT c.name, c.definition,
    (SELECT count(*)::int FROM document d WHERE d.collection = c.name AND d.exists) AS documents,
    (SELECT count(*)::int FROM document d WHERE d.collection = c.name AND d.conflicted) AS conflicts,
    (SELECT coalesce(max(d.bytes), 0)::int FROM document d WHERE d.collection = c.name) AS largest,
    (SELECT coalesce(max((d.state->>'changes')::int), 0) FROM document d WHERE d.collection = c.name AND d.kind = 'document') AS longest,
    (SELECT jsonb_build_object('bytes', coalesce(sum(${historyBytes}), 0), 'largestBytes', coalesce(max(${historyBytes}), 0),
            'due', count(*) FILTER (WHERE history_due), 'proposed', count(*) FILTER (WHERE history_next))
       FROM document d WHERE d.collection = c.name AND d.kind = 'document') AS histories
  FROM collection c`;

/** The definition that holds here; throws `not_found`. */
export const definedCollection = async (reader: Reader, collection: string): Promise<Defined> => {
  const [row] = await rowsOf<{ definition: Register }>(reader, 'SELECT definition FROM collection WHERE name = $1', [collection]);
  const defined = resolveDefinition(row?.definition ?? null);
  if (!defined) throw new AppError('not_found', `There is no collection ${collection}; define it with PUT /v1/collections/${collection}`);
  return defined;
};

export const showCollection = async (reader: Reader, collection: string): Promise<CollectionView> => {
  const [row] = await rowsOf<Row>(reader, `${select} WHERE c.name = $1`, [collection]);
  if (!row) throw new AppError('not_found', `There is no collection ${collection}`);
  return viewOf(row);
};

/** One more than `limit`, by name. */
export const listCollections = async (reader: Reader, after: string | null, limit: number): Promise<CollectionView[]> =>
  (await rowsOf<Row>(reader, `${select} WHERE $1::text IS NULL OR c.name > $1 ORDER BY c.name LIMIT $2`, [after, limit + 1])).map(viewOf);

const viewOf = (row: Row): CollectionView => {
  const { definition, at } = resolveDefinition(row.definition)!;
  const { scope, policy, budgets, version } = definition;
  return {
    name: row.name,
    scope,
    policy,
    budgets: { documentBytes: budgets.documentBytes, documents: budgets.documents, changes: budgets.changes },
    version,
    definedAt: at,
    definedIn: regionOfHlc(at),
    documents: row.documents,
    conflicts: row.conflicts,
    ...(policy.kind === 'document' ? { histories: row.histories } : {}),
    findings: passedBy(row, budgets),
  };
};

const passedBy = (row: Row, budgets: CollectionView['budgets']): CollectionView['findings'] =>
  [
    { budget: 'documents' as const, limit: budgets.documents, actual: row.documents },
    { budget: 'documentBytes' as const, limit: budgets.documentBytes, actual: row.largest },
    { budget: 'changes' as const, limit: budgets.changes, actual: row.longest },
  ].filter((b) => b.actual > b.limit);

export type PassedBudget = CollectionView['findings'][number] & { readonly collection: string };

/** All collections by name, and every budget of one that is passed: of documents, of bytes, of history. */
export const passedBudgets = async (
  reader: Reader,
): Promise<{ readonly collections: readonly string[]; readonly passed: readonly PassedBudget[] }> => {
  const rows = await rowsOf<Row>(reader, `${select} ORDER BY c.name`);
  const passed = rows.flatMap((row) => {
    const { budgets } = resolveDefinition(row.definition)!.definition;
    return passedBy(row, budgets).map((budget) => ({ ...budget, collection: row.name }));
  });
  return { collections: rows.map((row) => row.name), passed };
};
