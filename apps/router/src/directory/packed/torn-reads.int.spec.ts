import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { DirectoryTable } from '../directory-table.js';
import { tenantEntry } from './table-model.fixture.js';
import { hostOfEpoch, stampOfEpoch, type TornReads, type TornReadsFound } from './torn-reads.fixture.js';

/** As on a processor that keeps no order among loads and stores: each word goes through Atomics (word-access.ts). */
const withoutOrder = '--import=data:text/javascript,Object.defineProperty(process,"arch",{value:"arm64"})';

/** The built twin of the fixture: threads load no TypeScript. */
const readerFile = new URL('../../../dist/directory/packed/torn-reads.fixture.js', import.meta.url);
const tenants = 300;
const changes = 60_000;

describe('readers in other threads', () => {
  it('never see a mixture of two entries, a known tenant or host missing, or an older entry, while every entry changes and the table grows', async () => {
    const table = new DirectoryTable('g');
    let cursor = 0;
    const change = (n: number, epoch: number): void => {
      const over = { epoch, stamp: stampOfEpoch(epoch), hosts: [`www.h${n}.example`, hostOfEpoch(n, epoch)] };
      table.apply(tenantEntry(`t${n}`, (cursor += 1), over));
    };
    for (let n = 0; n < tenants; n += 1) change(n, 1);
    const going = new Int32Array(new SharedArrayBuffer(4)).fill(1);
    const workerData: TornReads = { memory: table.memory, going, tenants };
    const readers = [new Worker(readerFile, { workerData }), new Worker(readerFile, { workerData, execArgv: [withoutOrder] })];
    const answers = readers.map((reader) => once(reader, 'message') as Promise<[TornReadsFound]>);
    await Promise.all(readers.map((reader) => once(reader, 'online')));
    for (let i = 0; i < changes; i += 1) {
      change(i % tenants, 2 + Math.floor(i / tenants));
      // Splits of tenants and of hosts go on throughout.
      if (i % 10 === 0) table.apply(tenantEntry(`new${i}`, (cursor += 1), { hosts: [`new${i}.example`] }));
      if (i % 1000 === 0) await nextTurn();
    }
    Atomics.store(going, 0, 0);
    const found = (await Promise.all(answers)).map(([answer]) => answer);
    expect(found.map(({ arch }) => arch)).toEqual([process.arch, 'arm64']);
    for (const { reads, changesSeen, problems } of found) {
      expect(problems).toEqual([]);
      expect(reads).toBeGreaterThan(tenants);
      expect(changesSeen).toBeGreaterThan(tenants);
    }
    await Promise.all(readers.map((reader) => reader.terminate()));
  });
});
