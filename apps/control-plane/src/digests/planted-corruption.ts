import { rolledBack } from '@lapidary/db/rolled-back';
import { digestOf } from '@lapidary/kernel/canonical-json';
import type { NestedDocuments } from '@lapidary/replication/collections/collection-store';
import { bucketOf } from '@lapidary/replication/digest/element';
import type { DataSource } from 'typeorm';
import { scrubSlice } from './scrub-slice.js';

/**
 * Whether the scrub still sees: a document whose digest is another one's is written in a transaction that is rolled back, and the slice
 * that it is in is looked through (ADR 18).
 */
export const findPlantedCorruption = async (dataSource: DataSource, nonce: string, nested: NestedDocuments): Promise<boolean> =>
  await rolledBack(dataSource, async (tx) => {
    const id = `planted-${nonce}`;
    await tx.query(
      `INSERT INTO document (collection, kind, tenant, id, state, exists, digest, bytes, conflicts, latest)
       VALUES ('planted', 'lww', '', $1, '{"kind":"lww","fields":{},"alive":{"siblings":[],"seen":{}}}', true, $2, 0, 0, '')`,
      [id, digestOf(nonce)],
    );
    const bucket = bucketOf('', id);
    const { corrupt } = await scrubSlice(tx, { collection: 'planted', kind: 'lww', from: bucket, to: bucket }, nested);
    return corrupt.some((c) => c.id === id);
  });
