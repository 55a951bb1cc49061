import { access, readdir, readFile, readlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { outlivesItsStamp, SimulatedWorldSchema, simulatedWorldFile } from '@lapidary/contracts/simulated-world';
import type { StampSpec } from '@lapidary/contracts/stamp-spec';
import pg from 'pg';
import { provisionRunOf } from '../provisioning/provision-run.js';
import { connectTimeoutMs } from './decommission-limits.js';

export interface Leftovers {
  /** Where it was looked, for people. */
  readonly looked: string;
  readonly left: readonly string[];
}

/** As the template names a local stamp's database and role (infra/template/local/data.ts). */
export const sqlNameOf = (stamp: string): string => `stamp_${stamp.replaceAll('-', '_')}`;

/**
 * What is still there of a stamp, found by looking at the world and not at the engine's state: a destroy that believes to be
 * done must not be believed (I9). In a real cloud the provider's own answer to each deletion is all that can be had from here; the
 * simulated one is looked into.
 */
export const leftoversOf = async (config: ControlPlaneConfig, spec: StampSpec): Promise<Leftovers> => {
  const stateFile = join(resolve(config.LAPIDARY_ENGINE_STATE_DIR), `${spec.name}.stack.json`);
  const state = (await exists(stateFile)) ? [`state ${spec.name}.stack.json`] : [];
  if (spec.driver !== 'local') return await inCloud(config, spec.name, state);
  const { postgresAdminUrl, processDir } = localOf(config, spec);
  const left = [...state, ...(await inPostgres(postgresAdminUrl, sqlNameOf(spec.name))), ...(await inFolder(processDir, spec.name))];
  return { looked: 'no database, role, process, port or state', left };
};

const inCloud = async (config: ControlPlaneConfig, stamp: string, state: readonly string[]): Promise<Leftovers> => {
  if (config.LAPIDARY_ENGINE !== 'embedded') return { looked: 'the engine has deleted every resource of its stack', left: state };
  const file = join(resolve(config.LAPIDARY_ENGINE_STATE_DIR), simulatedWorldFile(stamp));
  const ids = Object.keys(SimulatedWorldSchema.parse(JSON.parse(await readFile(file, 'utf8').catch(() => '{}'))));
  const kept = ids.filter(outlivesItsStamp);
  const left = ids.filter((id) => !outlivesItsStamp(id)).map((id) => `${id} in the simulated cloud`);
  return { looked: `no state, and in the simulated cloud only ${kept.length} keys and final snapshots`, left: [...state, ...left] };
};

const localOf = (config: ControlPlaneConfig, spec: StampSpec) => {
  const { local } = provisionRunOf(config, spec, { jurisdiction: '', awsRegion: '' });
  if (local === null) throw new Error('a local stamp without the facts of this machine');
  return local;
};

const exists = async (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

const inPostgres = async (url: string, name: string): Promise<string[]> => {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectTimeoutMs, application_name: 'decommission' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ what: string }>(
      `SELECT 'database ' || datname AS what FROM pg_database WHERE datname = $1
       UNION ALL SELECT 'role ' || rolname FROM pg_roles WHERE rolname = $1`,
      [name],
    );
    return rows.map((row) => row.what);
  } finally {
    await client.end().catch(() => undefined);
  }
};

/** Process specs, their status and own files begin with the stamp's name; port reservations are links to their owner's URN. */
const inFolder = async (processDir: string, stamp: string): Promise<string[]> => {
  const files = (await readdir(processDir)).filter((file) => file.startsWith(`${stamp}-`)).map((file) => `file ${file}`);
  const ports = join(processDir, 'ports');
  const owners = await Promise.all(
    (await readdir(ports).catch(() => [])).map(async (port) => ({ port, owner: await readlink(join(ports, port)).catch(() => '') })),
  );
  return [...files, ...owners.filter(({ owner }) => owner.startsWith(`urn:pulumi:${stamp}::`)).map(({ port }) => `port ${port}`)];
};
