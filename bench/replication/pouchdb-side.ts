import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { root } from '../own-fleet.ts';
import { peer } from './npm-peers.ts';
import { answerParent } from './side-process.ts';
import type { Change, Item } from './workload.ts';

/** One PouchDB on LevelDB; the one that is served speaks CouchDB's protocol through express-pouchdb. */

interface Doc {
  readonly _id: string;
  readonly _rev?: string;
  readonly _conflicts?: readonly string[];
}
interface Database {
  bulkDocs(docs: readonly unknown[]): Promise<unknown>;
  allDocs(options: object): Promise<{ rows: readonly { id: string; value: { rev: string }; doc: Doc & Item }[] }>;
  sync(other: Database, options: object): { cancel(): void; on(event: string, listener: (info: unknown) => void): void };
}
interface PouchDB {
  new (name: string): Database;
  defaults(options: object): PouchDB;
}
/** Instead of CouchDB's growing pauses of up to ten minutes, which would be all one measured. */
const retryMs = 100;
const batch = { batch_size: 1_000, batches_limit: 10 };

let database: Database;
let Pouch: PouchDB;

answerParent({
  open: async (name: string): Promise<number> => {
    const folder = path.join(root, `.lapidary/bench-replication-pouchdb/${name}`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    ({ default: Pouch } = await peer<{ default: PouchDB }>('pouchdb'));
    const Own = Pouch.defaults({ prefix: `${folder}/` });
    database = new Own('items');
    const { default: express } = await peer<{ default: () => Express }>('express');
    const { default: serve } = await peer<{ default: (pouch: PouchDB, options: object) => unknown }>('express-pouchdb');
    const app = express();
    app.use('/', serve(Own, { mode: 'minimumForPouchDB', logPath: `${folder}/log.txt`, configPath: `${folder}/config.json` }));
    return await new Promise((resolve) => {
      const server = app.listen(0, '127.0.0.1', () => resolve(server.address().port));
    });
  },
  fill: (items: readonly { id: string; item: Item }[]) => database.bulkDocs(items.map(({ id, item }) => ({ _id: id, ...item }))),
  follow: (url: string): void => {
    const sync = database.sync(new Pouch(url), { live: true, retry: true, back_off_function: () => retryMs, ...batch });
    sync.on('error', () => undefined);
  },
  write: async (changes: readonly Change[]): Promise<void> => {
    for (let i = 0; i < changes.length; i += 1_000) {
      const some = changes.slice(i, i + 1_000);
      const { rows } = await database.allDocs({ keys: some.map(({ id }) => id), include_docs: true });
      await database.bulkDocs(rows.map(({ doc }, at) => ({ ...doc, ...some[at]!.fields })));
    }
  },
  revisions: async (): Promise<string> => (await database.allDocs({})).rows.map(({ id, value }) => `${id} ${value.rev}`).join(),
  read: async (): Promise<[string, Item][]> =>
    (await database.allDocs({ include_docs: true })).rows.map(({ id, doc }) => [
      id,
      Object.fromEntries(Object.entries(doc).filter(([name]) => !name.startsWith('_'))) as Item,
    ]),
  conflicts: async (): Promise<number> =>
    (await database.allDocs({ include_docs: true, conflicts: true })).rows.filter(({ doc }) => doc._conflicts !== undefined).length,
});

interface Express {
  use(path: string, handler: unknown): void;
  listen(port: number, host: string, done: () => void): { address(): { port: number } };
}
