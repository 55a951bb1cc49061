import { digestOf } from '@lapidary/kernel/canonical-json';
import type { Tx } from '@lapidary/db/transaction';
import { elementOf, type Element } from '@lapidary/replication/digest/element';
import type { SetDigest } from '@lapidary/replication/digest/set-digest';
import type { DataSource } from 'typeorm';
import { rolledBack } from '@lapidary/db/rolled-back';
import { readDigest, type DigestDomain } from './digest-rows.js';
import { rowsOfElements } from './document-digests.js';
import { sharedRoots, type RootedDomain } from './shared-roots.js';

/** What a transaction that was rolled back saw of a document that only it had. */
export interface PlantedDocument extends DigestDomain {
  readonly element: Element;
  /** Its set, with it. */
  readonly set: SetDigest;
}

export interface OwnRoots {
  /** As they are. */
  readonly roots: readonly RootedDomain[];
  /** With what was planted. */
  readonly withPlanted: readonly RootedDomain[];
  /** Null where nothing was to be planted. */
  readonly planted: PlantedDocument | null;
}

/**
 * What this region and a peer must agree on, without and with a document that no peer has. It is planted in a transaction that is rolled
 * back before anybody is asked anything (ADR 18): watchers and the audit's seal wait for every transaction that has written something.
 */
export const ownRoots = async (dataSource: DataSource, peer: string, nonce: string | null): Promise<OwnRoots> =>
  await rolledBack(dataSource, async (tx) => {
    const roots = await sharedRoots(tx, peer);
    if (nonce === null) return { roots, withPlanted: roots, planted: null };
    const planted = await plantDocument(tx, roots, nonce);
    return { roots, withPlanted: await sharedRoots(tx, peer), planted };
  });

/** In the largest set there is, so that it must be found among the most rows. It goes through the trigger, as every document does. */
const plantDocument = async (tx: Tx, domains: readonly RootedDomain[], nonce: string): Promise<PlantedDocument> => {
  const [largest] = domains.filter((d) => d.audience === '').sort((a, b) => b.root.rows - a.root.rows);
  const { collection, kind } = largest ?? { collection: 'planted', kind: 'lww' };
  const domain: DigestDomain = { collection, kind, audience: '' };
  const [id, digest] = [`planted-${nonce}`, digestOf(nonce)];
  await tx.query(
    `INSERT INTO document (collection, kind, tenant, id, state, exists, digest, bytes, conflicts, latest)
     VALUES ($1, $2, '', $3, '{}', true, $4, 0, 0, '')`,
    [collection, kind, id, digest],
  );
  const element = elementOf('', id, digest);
  const named = await rowsOfElements(tx, domain, [element]);
  if (named.length !== 1 || named[0]!.id !== id) throw new Error(`the planted document ${id} is not found by its element`);
  return { ...domain, element, set: await readDigest(tx, domain) };
};
