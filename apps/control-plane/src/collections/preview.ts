import type { DefineCollection, PolicyPreview } from '@lapidary/contracts/api/collections';
import type { Loss } from '@lapidary/contracts/events/collection-events';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { refusalOf } from '@lapidary/replication/collections/definitions';
import { stateOfKept, type KeptState } from '@lapidary/replication/collections/packed-state';
import { previewDecision, previewState } from '@lapidary/replication/collections/preview-policy';
import type { Principal } from '../auth/principal.js';
import { valuesWithheldFrom } from '../residency/shown-values.js';
import { definedCollection } from './collection-row.js';
import { unlessRotten } from './unreadable.js';

/** The newest of each; a person reads dozens, and a preview answers within a second. */
const lookedAtMax = 1_000;

/**
 * What a policy would change, without changing anything: open states are resolved anew, past decisions taken again. It shows values of
 * any tenant's documents, so it is answered where they may be, and tells of those only that the caller may be shown.
 */
export const previewPolicy = async (
  reader: Reader,
  { principal, region }: { readonly principal: Principal | null; readonly region: string },
  collection: string,
  input: DefineCollection,
): Promise<PolicyPreview> => {
  // As documents are (scope.ts): through another region they would pass a place where they may not be (I3).
  if (principal?.via === 'peer') throw new AppError('forbidden', 'A policy is previewed in a region, not through another one');
  const { definition } = await definedCollection(reader, collection);
  const refused = refusalOf(definition, input);
  if (refused !== null) return { documents: 0, ledger: 0, changes: [], overBudget: [], refused };
  const { documents, ledger, overBudget, cut } = await rowsShown(reader, { principal, region }, collection, input);
  const states = documents.map(({ tenant, id, ...kept }) => ({ key: { tenant, id }, state: unlessRotten(() => stateOfKept(kept)) }));
  const unreadable = states.filter(({ state }) => state === null).length;
  return {
    documents: documents.length - unreadable,
    ledger: ledger.length,
    changes: [
      ...states.flatMap(({ key, state }) => (state ? previewState(key, state, definition.policy, input.policy) : [])),
      ...ledger.flatMap(({ tenant, id, ...loss }) => previewDecision({ tenant, id }, loss, input.policy) ?? []),
    ],
    ...(unreadable > 0 ? { unreadable } : {}),
    ...(cut.length > 0 ? { cut } : {}),
    overBudget,
    refused: null,
  };
};

type OpenDocument = KeptState & { readonly tenant: string; readonly id: string };
type Decision = Loss & { readonly tenant: string; readonly id: string };
type Long = PolicyPreview['overBudget'][number];

interface Shown {
  readonly documents: readonly OpenDocument[];
  readonly ledger: readonly Decision[];
  readonly overBudget: Long[];
  /** Of which there are more than were looked at. */
  readonly cut: NonNullable<PolicyPreview['cut']>;
}

const rowsShown = async (
  reader: Reader,
  { principal, region }: { readonly principal: Principal | null; readonly region: string },
  collection: string,
  { policy, budgets }: DefineCollection,
): Promise<Shown> => {
  const documents = await rowsOf<OpenDocument>(
    reader,
    'SELECT tenant, id, state, packed FROM document WHERE collection = $1 AND kind = $2 AND conflicted ORDER BY updated_at DESC, tenant, id LIMIT $3',
    [collection, policy.kind, lookedAtMax + 1],
  );
  const ledger = await rowsOf<Decision>(
    reader,
    `SELECT tenant, split_part(subject, '/', 4) AS id, field, winner, loser FROM conflict
      WHERE collection = $1 AND subject LIKE 'document/%' AND field <> '$definition' ORDER BY detected_at DESC, id LIMIT $2`,
    [collection, lookedAtMax + 1],
  );
  const long = await rowsOf<Long>(
    reader,
    'SELECT tenant, id, bytes FROM document WHERE collection = $1 AND kind = $2 AND exists AND bytes > $3 ORDER BY bytes DESC, tenant, id LIMIT $4',
    [collection, policy.kind, budgets.documentBytes, lookedAtMax + 1],
  );
  const tenants = new Set([...documents, ...ledger, ...long].map(({ tenant }) => tenant).filter((tenant) => tenant !== ''));
  const hidden = await valuesWithheldFrom(reader, principal, region, [...tenants]);
  const isShown = ({ tenant }: { readonly tenant: string }): boolean => !hidden.has(tenant);
  const found = { documents, ledger, overBudget: long };
  const shown = <T extends { readonly tenant: string }>(list: readonly T[]): T[] => list.slice(0, lookedAtMax).filter(isShown);
  return {
    documents: shown(documents),
    ledger: shown(ledger),
    overBudget: shown(long),
    cut: (['documents', 'ledger', 'overBudget'] as const).filter((what) => found[what].length > lookedAtMax),
  };
};
