import { storeContract } from '../../apps/control-plane/src/collections/testing/store-contract.js';
import { MemoryCollections, MemoryDatabase } from './memory-collections.ts';

describe('collections in memory', () => {
  storeContract(async () => {
    let database = new MemoryDatabase();
    let events = 0;
    return await Promise.resolve({
      inTx: async (work) => {
        const copy = database.copy();
        const result = await work(new MemoryCollections(copy, () => `e${events++}`));
        database = copy;
        return result;
      },
      outbox: async () => Promise.resolve(database.outbox.length),
      ledger: async () =>
        Promise.resolve([...database.conflicts.values()].map(({ winner, loser }) => ({ winner: winner.at, loser: loser.value }))),
    });
  });
});
