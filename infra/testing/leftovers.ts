import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

export const queryRows = async <Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
};

export interface Surroundings {
  readonly adminUrl: string;
  /** Holds `state` and `processes`. */
  readonly home: string;
  readonly region: string;
  readonly processes: readonly string[];
}

/** Everything that the stamps of a region have made: what is here and not in the state is an orphan. */
export const lookAround = async ({ adminUrl, home, region, processes }: Surroundings) => {
  const names = async (sql: string): Promise<string[]> => (await queryRows<{ name: string }>(adminUrl, sql)).map((row) => row.name);
  const files = await readdir(join(home, 'processes'));
  return {
    databases: await names(`SELECT datname AS name FROM pg_database WHERE datname LIKE 'stamp_${region}_%' ORDER BY 1`),
    roles: await names(`SELECT rolname AS name FROM pg_roles WHERE rolname LIKE 'stamp_${region}_%' ORDER BY 1`),
    specs: files.filter((file) => !file.endsWith('.status.json') && file !== 'ports').sort(),
    ports: (await readdir(join(home, 'processes', 'ports')).catch(() => [])).length,
    processes: [...processes],
    states: (await readdir(join(home, 'state')).catch(() => [])).filter((file) => file.endsWith('.stack.json')).sort(),
  };
};

export const nothing = { databases: [], roles: [], specs: [], ports: 0, processes: [], states: [] };

export const exactlyOne = (stamp: string) => ({
  databases: [`stamp_${stamp.replace('-', '_')}`],
  roles: [`stamp_${stamp.replace('-', '_')}`],
  specs: [`${stamp}-agent.process.json`, `${stamp}-storefront.process.json`],
  ports: 2,
  processes: [`${stamp}-agent`, `${stamp}-storefront`],
  states: [`${stamp}.stack.json`],
});
