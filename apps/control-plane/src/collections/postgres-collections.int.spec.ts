import { rowsOf } from '@lapidary/db/rows';
import { openTestRegion, type TestRegion } from '../outbox/testing/test-region.js';
import { CollectionRegion } from './testing/collection-region.js';
import { storeContract } from './testing/store-contract.js';

describe('collections in Postgres', () => {
  let region: TestRegion;
  beforeAll(async () => {
    region = await openTestRegion();
  });
  afterAll(async () => region.close());

  storeContract(async () => {
    await region.dataSource.query('TRUNCATE document, grave, collection, collection_look, change, conflict, outbox');
    const collections = new CollectionRegion(region);
    return {
      inTx: async (work) => collections.inTx(work),
      outbox: async () => (await rowsOf(region.dataSource, 'SELECT 1 FROM outbox')).length,
      ledger: async () =>
        await rowsOf(region.dataSource, `SELECT winner->>'at' AS winner, loser->'value' AS loser FROM conflict ORDER BY id`),
    };
  });
});
