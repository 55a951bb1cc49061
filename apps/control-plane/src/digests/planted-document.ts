import { digestOf } from '@lapidary/kernel/canonical-json';
import type { Tx } from '@lapidary/db/transaction';
import type { DigestDomain } from './digest-rows.js';
import type { RootedDomain } from './shared-roots.js';

export interface PlantedDocument extends DigestDomain {
  readonly id: string;
}

/**
 * Writes a document that no peer has, in the largest set there is, so that it must be found among the most rows. In a transaction
 * that is rolled back: nobody else ever sees it (ADR 18). It goes through the trigger, as every document does.
 */
export const plantDocument = async (tx: Tx, domains: readonly RootedDomain[], nonce: string): Promise<PlantedDocument> => {
  const [largest] = domains.filter((d) => d.audience === '').sort((a, b) => b.root.rows - a.root.rows);
  const { collection, kind } = largest ?? { collection: 'planted', kind: 'lww' };
  const planted: PlantedDocument = { collection, kind, audience: '', id: `planted-${nonce}` };
  await tx.query(
    `INSERT INTO document (collection, kind, tenant, id, state, exists, digest, bytes, conflicts, latest)
     VALUES ($1, $2, '', $3, '{}', true, $4, 0, 0, '')`,
    [planted.collection, planted.kind, planted.id, digestOf(nonce)],
  );
  return planted;
};
