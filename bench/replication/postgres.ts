import pg from 'pg';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Wire } from '../../test/geodes/wire.js';
import { freePort } from '../../tools/local/free-port.js';
import { endOrphans } from '../../tools/local/orphans.js';
import { fleetPaths } from '../../tools/local/paths.js';
import { preparePostgres } from '../../tools/local/postgres.js';
import { Supervisor } from '../../tools/local/supervisor.js';
import { root } from '../own-fleet.ts';
import type { Subject } from './subject.ts';
import { fieldNames, isNumber, type Item } from './workload.ts';

/** A subscriber that lost its publisher tries again this often, as ours does; the default is five seconds, which would be all one measured. */
const retryMs = 100;
const column = (name: string): string => `"${name}" ${isNumber(name) ? 'integer' : 'text'}`;

/** PostgreSQL's own logical replication, each side publisher and subscriber (origin = none): what one gets without a product. */
export const postgres = (): Subject => {
  const paths = fleetPaths(root, path.join(root, '.lapidary/bench-replication-postgres'));
  let supervisor: Supervisor;
  let clients: pg.Client[];
  let wires: Wire[];
  const startServer = async (name: string): Promise<{ client: pg.Client; wire: Wire; url: URL }> => {
    const port = await freePort();
    const prepared = await preparePostgres({ root, cacheDir: paths.cache, dir: paths.postgres(name), name: `postgres-${name}`, port });
    const settings = ['-c', 'wal_level=logical', '-c', `wal_retrieve_retry_interval=${retryMs}`];
    supervisor.start({ ...prepared.launch, args: [...prepared.launch.args, ...settings] });
    await supervisor.allReady([prepared.launch.name]);
    const client = new pg.Client({ connectionString: prepared.url });
    await client.connect();
    return { client, wire: await Wire.to(port), url: new URL(prepared.url) };
  };
  const digest = async (client: pg.Client): Promise<string> =>
    (await client.query<{ all: string }>(`SELECT md5(string_agg(t::text, ',' ORDER BY id)) AS all FROM item t`)).rows[0]!.all;
  /** Changes that the other side has taken over, by what it confirmed; replication being done is all that one can wait for here. */
  const caughtUp = async (client: pg.Client): Promise<boolean> => {
    const { rows } = await client.query<{ done: boolean | null }>(
      'SELECT bool_and(active AND confirmed_flush_lsn >= pg_current_wal_insert_lsn()) AS done FROM pg_replication_slots',
    );
    return rows[0]!.done === true;
  };
  return {
    name: 'postgresql logical replication',
    keeps: 'rows as they came last to each side; both sides durable',
    start: async (items) => {
      await endOrphans(paths.pids);
      await rm(paths.data, { recursive: true, force: true });
      supervisor = new Supervisor({ paths, report: () => undefined, onChange: () => undefined });
      const servers = [await startServer('one'), await startServer('two')];
      clients = servers.map(({ client }) => client);
      wires = servers.map(({ wire }) => wire);
      for (const client of clients) {
        await client.query(`CREATE TABLE item (id text PRIMARY KEY, ${fieldNames.map(column).join(', ')})`);
        await client.query('CREATE PUBLICATION all_items FOR TABLE item');
        const rows = items.map(({ id, item }) => ({ id, ...item }));
        await client.query('INSERT INTO item SELECT * FROM jsonb_populate_recordset(NULL::item, $1::jsonb)', [JSON.stringify(rows)]);
      }
      for (const [side, client] of clients.entries()) {
        const other = servers[1 - side]!;
        const at = `host=127.0.0.1 port=${new URL(other.wire.url).port} user=${other.url.username} password=${other.url.password} dbname=postgres`;
        await client.query(
          `CREATE SUBSCRIPTION from_other CONNECTION '${at}' PUBLICATION all_items WITH (copy_data = false, origin = none)`,
        );
      }
    },
    cut: async () => {
      for (const wire of wires) wire.set('cut');
      return Promise.resolve();
    },
    write: async (side, changes) => {
      for (const { id, fields } of changes) {
        const names = Object.keys(fields);
        await clients[side]!.query(`UPDATE item SET ${names.map((name, i) => `"${name}" = $${i + 2}`).join(', ')} WHERE id = $1`, [
          id,
          ...names.map((name) => fields[name]),
        ]);
      }
    },
    heal: async () => {
      for (const wire of wires) wire.set('open');
      return Promise.resolve();
    },
    // It never agrees where both sides changed a row: being through with everything is taken for the end, and said in the table.
    same: async () =>
      (await Promise.all(clients.map(digest))).every((d, _, all) => d === all[0]) ||
      (await Promise.all(clients.map(caughtUp))).every(Boolean),
    read: async (side) => {
      const { rows } = await clients[side]!.query<Item & { id: string }>('SELECT * FROM item');
      return new Map(rows.map(({ id, ...item }) => [id, item as Item]));
    },
    bytes: () => wires.reduce((sum, wire) => sum + wire.bytes, 0),
    conflicts: () => Promise.resolve(null),
    stop: async () => {
      await Promise.all(clients.map((client) => client.end()));
      await supervisor.stop(() => true, 10_000);
      supervisor.close();
      for (const wire of wires) await wire.close();
    },
  };
};
