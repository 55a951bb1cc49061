import type { DefineCollection, PolicyKind } from '@lapidary/contracts/api/collections';
import { CollectionBudgetsSchema, CollectionPolicySchema } from '@lapidary/contracts/api/collections';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import { actorOf } from '@lapidary/replication/automerge/document-actor';
import { DocumentEngine } from '@lapidary/replication/automerge/document-engine';
import type { CollectionTransaction, Site } from '@lapidary/replication/collections/collection-store';
import { defineCollection } from '@lapidary/replication/collections/definitions';
import { viewState } from '@lapidary/replication/collections/document-state';
import { stateOfKept, type KeptState } from '@lapidary/replication/collections/packed-state';
import { executeWrite } from '@lapidary/replication/collections/execute-write';
import type { WriteCommand } from '@lapidary/replication/collections/write-document';
import { systemContext } from '../../http/command-context.js';
import type { TestRegion } from '../../outbox/testing/test-region.js';
import { definedCollection } from '../collection-row.js';
import { siteOf } from '../collection-tools.js';
import { PostgresCollections } from '../postgres-collections.js';

export const definitionOf = (policy: { readonly kind: PolicyKind; readonly [option: string]: unknown }): DefineCollection => ({
  scope: 'fleet',
  policy: CollectionPolicySchema.parse(policy),
  budgets: CollectionBudgetsSchema.parse({}),
});

/** Collections of one test region, written as the API writes them. */
export class CollectionRegion {
  readonly site: Site;

  constructor(
    readonly region: TestRegion,
    epoch = 1,
  ) {
    this.site = siteOf(region.name, epoch, region.clock, new DocumentEngine(actorOf(region.name, epoch)));
  }

  async inTx<T>(work: (tx: CollectionTransaction) => Promise<T>): Promise<T> {
    const context = systemContext(this.region.name, 'test', newId());
    return await inTransaction(this.region.dataSource, async (tx) => work(new PostgresCollections(tx, this.region.clock, context)));
  }

  async define(collection: string, input: DefineCollection): Promise<void> {
    await this.inTx(async (tx) => defineCollection(tx, this.site, collection, input));
  }

  async write(collection: string, id: string, command: WriteCommand, tenant = ''): Promise<void> {
    const defined = await definedCollection(this.region.dataSource, collection);
    const key = { collection, kind: defined.definition.policy.kind, tenant, id };
    await this.inTx(async (tx) => executeWrite(tx, this.site, key, defined, command, { actor: 'test', requestId: 'test' }));
  }

  async value(collection: string, id: string, tenant = ''): Promise<unknown> {
    const { definition } = await definedCollection(this.region.dataSource, collection);
    const [row] = await rowsOf<KeptState>(
      this.region.dataSource,
      'SELECT state, packed FROM document WHERE collection = $1 AND kind = $2 AND id = $3 AND tenant = $4',
      [collection, definition.policy.kind, id, tenant],
    );
    return row ? (viewState(stateOfKept(row), definition.policy)?.value ?? null) : null;
  }

  /** What must be equal in regions that know the same: definitions, states by their digests, and the ledger. */
  async everything(): Promise<unknown> {
    return {
      definitions: await rowsOf(this.region.dataSource, 'SELECT name, definition FROM collection ORDER BY name'),
      documents: await rowsOf(
        this.region.dataSource,
        'SELECT collection, kind, tenant, id, digest, exists, conflicts FROM document ORDER BY collection, kind, tenant, id',
      ),
      ledger: await rowsOf(this.region.dataSource, 'SELECT id, collection, field, policy, winner, loser, cause FROM conflict ORDER BY id'),
    };
  }
}
