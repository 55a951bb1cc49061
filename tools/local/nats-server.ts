import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Launch } from './launch.js';
import { findNatsServer } from './nats-binary.js';
import { natsUsersOf, userEntry, userName } from '@lapidary/contracts/nats-roles';
import { oneSecret } from './secrets.js';

export interface NatsOptions {
  /** Where a fetched nats-server is kept. */
  readonly binDir: string;
  /** This server's folder: configuration and streams. */
  readonly dir: string;
  readonly name: string;
  readonly port: number;
  /** With a region: users by role, and one for each other region. Without: open to everybody on this machine, for tests. */
  readonly region?: { readonly name: string; readonly others: readonly string[] };
  readonly note?: (text: string) => void;
}

export interface PreparedNats {
  readonly launch: Launch;
  readonly url: string;
  /** Password by user; empty without a region. */
  readonly passwords: Readonly<Record<string, string>>;
}

/**
 * The sum of all streams' max_bytes may not be above this (the server counts them as reserved, though no disk is taken in
 * advance). A region's two streams need 5 GB; a test server has two per test region.
 */
const storeBytesMax = { region: '64GB', test: '1PB' } as const;
const memoryBytesMax = '256MB';
/** Packed events are at most 64 kB, snapshot pages of the directory up to 1 MB. */
const payloadBytesMax = '4MB';
/** A dead client is noticed within 2 × 10 s; the default of 2 × 2 min would keep its subscriptions alive for that long. */
const pingInterval = '10s';

/** The server's configuration. One entry a line: commas between them are optional there, and 2.9 stumbles over some one-line forms. */
export const natsConfig = (options: {
  readonly name: string;
  readonly host?: string;
  readonly port: number;
  readonly storeDir: string;
  /** None: open to everybody, a test server. */
  readonly users: readonly string[];
}): string =>
  [
    `server_name: ${options.name}`,
    `host: ${options.host ?? '127.0.0.1'}`,
    `port: ${options.port}`,
    `ping_interval: "${pingInterval}"`,
    `max_payload: ${payloadBytesMax}`,
    'jetstream {',
    `  store_dir: ${JSON.stringify(options.storeDir)}`,
    `  max_file_store: ${storeBytesMax[options.users.length > 0 ? 'region' : 'test']}`,
    `  max_memory_store: ${memoryBytesMax}`,
    '}',
    ...(options.users.length > 0 ? ['authorization {', '  users: [', ...options.users, '  ]', '}'] : []),
    '',
  ].join('\n');

/** Writes the configuration (mode 0600: it holds the passwords) and says how the server is started. */
export const prepareNats = async (options: NatsOptions): Promise<PreparedNats> => {
  const binary = await findNatsServer(options.binDir, options.note);
  const storeDir = path.join(options.dir, 'streams');
  await mkdir(storeDir, { recursive: true });
  const passwords: Record<string, string> = {};
  const users: string[] = [];
  const { name: region = '', others = [] } = options.region ?? {};
  for (const user of options.region ? natsUsersOf(region, others) : []) {
    const password = await oneSecret(path.join(options.dir, `${userName(user)}.password`));
    passwords[userName(user)] = password;
    users.push(userEntry(user, JSON.stringify(password), region));
  }
  const configFile = path.join(options.dir, 'nats.conf');
  await writeFile(configFile, natsConfig({ name: options.name, port: options.port, storeDir, users }), { mode: 0o600 });
  await chmod(configFile, 0o600);
  return {
    url: `nats://127.0.0.1:${options.port}`,
    passwords,
    launch: {
      name: options.name,
      file: binary,
      args: ['-c', configFile],
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
      cwd: options.dir,
      ready: { kind: 'nats', host: '127.0.0.1', port: options.port },
      stopSignal: 'SIGTERM',
    },
  };
};
