import { ensureControlPlaneDatabase } from './control-plane-database.js';
import type { RegionBackends } from './fleet-plan.js';
import { prepareNats } from './nats-server.js';
import type { FleetPaths } from './paths.js';
import { portName, type PortMap } from './ports.js';
import { preparePostgres } from './postgres.js';
import { oneSecret } from './secrets.js';
import type { Supervisor } from './supervisor.js';

export interface BackendsOptions {
  readonly paths: FleetPaths;
  readonly ports: PortMap;
  /** All of the fleet: each of the others is a user of the region's NATS server. */
  readonly regions: readonly string[];
  readonly note?: (text: string) => void;
}

/** Starts a region's PostgreSQL and NATS server and makes the control plane's database. Returns when both answer. */
export const startRegionBackends = async (
  supervisor: Supervisor,
  { paths, ports, regions, note }: BackendsOptions,
  region: string,
): Promise<RegionBackends> => {
  const [postgres, nats] = await Promise.all([
    preparePostgres({
      root: paths.root,
      cacheDir: paths.cache,
      dir: paths.postgres(region),
      name: `postgres-${region}`,
      port: ports[portName('postgres', region)]!,
      note,
    }),
    prepareNats({
      binDir: paths.bin,
      dir: paths.nats(region),
      name: `nats-${region}`,
      port: ports[portName('nats', region)]!,
      region: { name: region, others: regions },
      note,
    }),
  ]);
  supervisor.start(postgres.launch);
  supervisor.start(nats.launch);
  await supervisor.allReady([postgres.launch.name, nats.launch.name]);
  const password = await oneSecret(`${paths.postgres(region)}/control-plane.password`);
  const databaseUrl = await ensureControlPlaneDatabase(postgres.url, password);
  return { databaseUrl, postgresAdminUrl: postgres.url, natsUrl: nats.url, natsPasswords: nats.passwords };
};
