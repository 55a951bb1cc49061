import path from 'node:path';
import { ownKeysFile, peerKeysFile } from '../region-keys.js';
import { processEnv } from './child-env.js';
import type { Launch } from './launch.js';
import { peerUser } from '@lapidary/contracts/nats-roles';
import type { FleetPaths } from './paths.js';
import { portName, type PortKind, type PortMap } from './ports.js';

/** What the backends of one region turned out to be. */
export interface RegionBackends {
  readonly databaseUrl: string;
  readonly postgresAdminUrl: string;
  readonly natsUrl: string;
  /** By user. */
  readonly natsPasswords: Readonly<Record<string, string>>;
}

export interface FleetFacts {
  readonly paths: FleetPaths;
  readonly ports: PortMap;
  readonly backends: Readonly<Record<string, RegionBackends>>;
  /** By region. */
  readonly jurisdictions: Readonly<Record<string, string>>;
  /** Whether the key of the routers' copies is another one than before, and the one before is there, too. */
  readonly directoryKeyChanges: boolean;
  /** The Node that runs everything. */
  readonly node: string;
  /** The environment that the fleet itself was started with. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface RegionAddresses {
  readonly api: string;
  readonly router: string;
  readonly routerAdmin: string;
  readonly nats: string;
  readonly postgres: string;
}

const portOf = (facts: FleetFacts, kind: PortKind, region: string): number => facts.ports[portName(kind, region)]!;
const httpUrl = (port: number): string => `http://127.0.0.1:${port}`;

export const addressesOf = (facts: FleetFacts, region: string): RegionAddresses => ({
  api: httpUrl(portOf(facts, 'control-plane', region)),
  router: httpUrl(portOf(facts, 'router', region)),
  routerAdmin: httpUrl(portOf(facts, 'router-admin', region)),
  nats: facts.backends[region]!.natsUrl,
  postgres: facts.backends[region]!.databaseUrl,
});

const nodeLaunch = (facts: FleetFacts, name: string, script: string, env: Record<string, string>, readyUrl: string): Launch => ({
  name,
  file: facts.node,
  args: ['--enable-source-maps', path.join(facts.paths.root, script)],
  env: { ...processEnv(facts.env), ...env },
  cwd: facts.paths.root,
  ready: { kind: 'http', url: readyUrl },
  stopSignal: 'SIGTERM',
});

/** The peers' addresses as a region's control plane needs them: it comes to their servers under its own name. */
const peersOf = (facts: FleetFacts, region: string): string =>
  JSON.stringify(
    Object.fromEntries(
      Object.entries(facts.backends)
        .filter(([other]) => other !== region)
        .map(([other, { natsUrl, natsPasswords }]) => [
          other,
          { natsUrl, natsUser: peerUser(region), natsPassword: natsPasswords[peerUser(region)] },
        ]),
    ),
  );

export const controlPlaneLaunch = (facts: FleetFacts, region: string): Launch => {
  const { paths } = facts;
  const backend = facts.backends[region]!;
  const env = {
    LAPIDARY_REGION: region,
    LAPIDARY_HTTP_PORT: String(portOf(facts, 'control-plane', region)),
    LAPIDARY_DATABASE_URL: backend.databaseUrl,
    LAPIDARY_NATS_URL: backend.natsUrl,
    LAPIDARY_NATS_USER: 'control',
    LAPIDARY_NATS_PASSWORD: backend.natsPasswords['control'] ?? '',
    LAPIDARY_PEERS: peersOf(facts, region),
    LAPIDARY_SIGNING_KEYS_FILE: ownKeysFile(paths.regionKeys, region),
    LAPIDARY_PEER_KEYS_FILE: peerKeysFile(paths.regionKeys),
    LAPIDARY_ADMIN_TOKEN_FILE: paths.adminToken,
    LAPIDARY_STAMPS_DIR: path.join(paths.root, 'stamps'),
    LAPIDARY_CONSOLE_DIR: path.join(paths.root, 'apps/console/dist'),
    LAPIDARY_ROOT_DIR: paths.root,
    LAPIDARY_ENGINE_STATE_DIR: path.join(paths.engineState, region),
    LAPIDARY_ENGINE_PASSPHRASE_FILE: paths.enginePassphrase,
    LAPIDARY_SNAPSHOT_DIR: paths.snapshots,
    LAPIDARY_LOCAL_PROCESS_DIR: paths.processes,
    LAPIDARY_LOCAL_POSTGRES_ADMIN_URL: backend.postgresAdminUrl,
    LAPIDARY_LOCAL_AGENT_NATS_USER: 'agent',
    LAPIDARY_LOCAL_AGENT_NATS_PASSWORD: backend.natsPasswords['agent'] ?? '',
  };
  return nodeLaunch(facts, `control-plane-${region}`, 'apps/control-plane/dist/main.js', env, `${addressesOf(facts, region).api}/readyz`);
};

export const routerLaunch = (facts: FleetFacts, region: string): Launch => {
  const backend = facts.backends[region]!;
  const env = {
    LAPIDARY_REGION: region,
    LAPIDARY_ROUTER_ID: `router-${region}`,
    LAPIDARY_HTTP_PORT: String(portOf(facts, 'router', region)),
    LAPIDARY_ADMIN_PORT: String(portOf(facts, 'router-admin', region)),
    LAPIDARY_NATS_URL: backend.natsUrl,
    LAPIDARY_NATS_USER: 'router',
    LAPIDARY_NATS_PASSWORD: backend.natsPasswords['router'] ?? '',
    LAPIDARY_ROUTER_JURISDICTION: facts.jurisdictions[region] ?? '',
    LAPIDARY_DIRECTORY_FILE: facts.paths.directoryFile(region),
    LAPIDARY_DIRECTORY_KEY_FILE: facts.paths.directoryKey,
    ...(facts.directoryKeyChanges && { LAPIDARY_DIRECTORY_PREVIOUS_KEY_FILE: facts.paths.previousDirectoryKey }),
  };
  return nodeLaunch(facts, `router-${region}`, 'apps/router/dist/main.js', env, `${addressesOf(facts, region).routerAdmin}/readyz`);
};
