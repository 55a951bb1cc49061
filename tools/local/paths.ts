import path from 'node:path';

/** Where everything of a local fleet is kept. */
export interface FleetPaths {
  readonly root: string;
  readonly data: string;
  /** Shared by all fleets of a checkout: what is made once or fetched. */
  readonly cache: string;
  /** What Node compiled, by content: the next process that loads the same files does not compile them again. */
  readonly compiled: string;
  readonly bin: string;
  readonly adminToken: string;
  readonly enginePassphrase: string;
  readonly directoryKey: string;
  /** There while that key changes; people put it there. */
  readonly previousDirectoryKey: string;
  /** Of the regions' own keys and all public ones (tools/region-keys.ts). */
  readonly regionKeys: string;
  readonly engineState: string;
  readonly snapshots: string;
  readonly processes: string;
  readonly logs: string;
  readonly pids: string;
  readonly ports: string;
  readonly runFile: string;
  readonly supervisorFile: string;
  readonly postgres: (region: string) => string;
  readonly nats: (region: string) => string;
  readonly directoryFile: (region: string) => string;
  readonly log: (process: string) => string;
}

export const fleetPaths = (root: string, data: string = path.join(root, '.lapidary')): FleetPaths => {
  const shared = path.join(root, '.lapidary');
  return {
    root,
    data,
    cache: path.join(shared, 'cache'),
    compiled: path.join(shared, 'cache', 'compiled'),
    bin: path.join(shared, 'bin'),
    adminToken: path.join(data, 'admin.token'),
    enginePassphrase: path.join(data, 'engine.passphrase'),
    directoryKey: path.join(data, 'directory.key'),
    previousDirectoryKey: path.join(data, 'directory.previous.key'),
    regionKeys: path.join(data, 'region-keys'),
    engineState: path.join(data, 'engine'),
    snapshots: path.join(data, 'snapshots'),
    processes: path.join(data, 'processes'),
    logs: path.join(data, 'logs'),
    pids: path.join(data, 'pids'),
    ports: path.join(data, 'ports.json'),
    runFile: path.join(data, 'run.json'),
    supervisorFile: path.join(data, 'supervisor.json'),
    postgres: (region) => path.join(data, 'postgres', region),
    nats: (region) => path.join(data, 'nats', region),
    directoryFile: (region) => path.join(data, 'routers', `${region}.directory.copy`),
    log: (process) => path.join(data, 'logs', `${process}.log`),
  };
};
