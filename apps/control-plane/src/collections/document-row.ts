import type { CollectionPolicy, DocumentView } from '@lapidary/contracts/api/collections';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { viewState, type DocumentState } from '@lapidary/replication/collections/document-state';
import type { DocumentKey } from '@lapidary/replication/collections/collection-store';
import { generationOf } from '@lapidary/replication/collections/generations';
import { stateOfKept, type KeptState } from '@lapidary/replication/collections/packed-state';
import { historyBytes } from './due-histories.js';
import { unlessRotten } from './unreadable.js';

export interface DocumentRow {
  readonly id: string;
  readonly tenant: string;
  /** null: what is kept can’t be read any more. */
  readonly state: DocumentState | null;
  readonly digest: string;
  readonly conflicts: number;
  /** Bytes of a nested document's history. */
  readonly history: number | null;
  readonly own_event: string | null;
  readonly updated_at: Date;
}

/** As a query of `documentColumns` has it. */
export type Unread<T extends Pick<DocumentRow, 'state'>> = Omit<T, 'state'> & KeptState;

export const withState = <T extends Pick<DocumentRow, 'state'>>({ state, packed, ...rest }: Unread<T>): T =>
  ({ ...rest, state: unlessRotten(() => stateOfKept({ state, packed })) }) as unknown as T;

export const documentColumns = `id, tenant, state, packed, digest, conflicts, ${historyBytes} AS history, own_event, updated_at`;
/** Long enough that two states of one document never share it by chance. */
const etagLength = 32;

export const documentEtag = (digest: string): string => `"${digest.slice(0, etagLength)}"`;

export const readDocument = async (reader: Reader, key: DocumentKey): Promise<DocumentRow | null> => {
  const [row] = await rowsOf<Unread<DocumentRow>>(
    reader,
    `SELECT ${documentColumns} FROM document WHERE collection = $1 AND kind = $2 AND tenant = $3 AND id = $4 AND exists`,
    [key.collection, key.kind, key.tenant, key.id],
  );
  return row ? withState<DocumentRow>(row) : null;
};

/** One row more than `limit`, by id. */
export const listDocuments = async (
  reader: Reader,
  of: Omit<DocumentKey, 'id'>,
  { after, prefix, limit }: { readonly after: string | null; readonly prefix: string; readonly limit: number },
): Promise<DocumentRow[]> =>
  (
    await rowsOf<Unread<DocumentRow>>(
      reader,
      `SELECT ${documentColumns} FROM document WHERE collection = $1 AND kind = $2 AND tenant = $3 AND exists
        AND ($4::text IS NULL OR id > $4) AND starts_with(id, $5) ORDER BY id LIMIT $6`,
      [of.collection, of.kind, of.tenant, after, prefix, limit + 1],
    )
  ).map((row) => withState<DocumentRow>(row));

/** A row as people see it under the policy of this moment; of one that can’t be read, that it is there. */
export const documentViewOf = (collection: string, row: Omit<DocumentRow, 'own_event'>, policy: CollectionPolicy): DocumentView => ({
  collection,
  tenant: row.tenant,
  id: row.id,
  ...seenOf(row, policy),
  conflicts: row.conflicts,
  etag: documentEtag(row.digest),
  updatedAt: row.updated_at.toISOString(),
});

type Seen = Pick<DocumentView, 'value' | 'rights' | 'variants' | 'history' | 'unreadable'>;

const seenOf = ({ state, history }: Pick<DocumentRow, 'state' | 'history'>, policy: CollectionPolicy): Seen =>
  (state && unlessRotten(() => ({ ...(viewState(state, policy) ?? { value: null }), ...historyOf(state, history) }))) ?? {
    value: null,
    unreadable: true,
  };

const historyOf = (state: DocumentState, history: number | null): Pick<DocumentView, 'history'> =>
  state.kind === 'document' ? { history: { generation: generationOf(state).number, changes: state.changes, bytes: history ?? 0 } } : {};
