import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Launch } from './launch.js';
import { executableBy, findPostgres, type PostgresBinaries } from './postgres-binaries.js';
import { postgresHome } from './postgres-home.js';
import { oneSecret } from './secrets.js';
import { singleFlight } from './single-flight.js';
import { unprivilegedAccount, type RunAs } from './unprivileged.js';

const run = promisify(execFile);

export const postgresUser = 'lapidary';

export interface PostgresOptions {
  /** The checkout: where node_modules is. */
  readonly root: string;
  /** Kept between runs and shared by all: template cluster. */
  readonly cacheDir: string;
  /** This cluster's folder. */
  readonly dir: string;
  readonly name: string;
  readonly port: number;
  /** For tests: a crash of the machine may then lose data, a crash of the server does not. */
  readonly fsync?: boolean;
  readonly note?: (text: string) => void;
}

export interface PreparedPostgres {
  readonly launch: Launch;
  /** Superuser URL of the database "postgres". */
  readonly url: string;
  readonly dataDir: string;
}

/** Two control planes with their pools, migrations, and a storefront's pool per stamp: well below this. */
const maxConnections = 200;

/** The little that initdb and postgres need; nothing of the user's own PG… variables. */
const cleanEnv = (): Record<string, string> => ({ PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' });

/** Loopback only, and by password: other users of the machine can reach the port too. */
const accessRules = 'host all all 127.0.0.1/32 scram-sha-256\n';

const asOther = (runAs: RunAs | null): { uid?: number; gid?: number } => (runAs ? { uid: runAs.uid, gid: runAs.gid } : {});

/** initdb takes a second, a copy of its result a tenth of that: made once per version, then copied for every cluster. */
const templateCluster = async (binaries: PostgresBinaries, home: string, runAs: RunAs | null): Promise<string> => {
  const template = path.join(home, `template-${binaries.version}`);
  if (!existsSync(template)) await singleFlight(template, () => makeTemplate(template, binaries, runAs));
  return template;
};

const makeTemplate = async (template: string, binaries: PostgresBinaries, runAs: RunAs | null): Promise<void> => {
  const partial = `${template}.partial-${process.pid}`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true, mode: 0o700 });
  if (runAs) await chown(partial, runAs.uid, runAs.gid);
  // No locale of the machine: rows sort the same everywhere. --no-sync: the copy is what counts, and that is made anew if lost.
  const args = ['-D', partial, '-U', postgresUser, '-E', 'UTF8', '--no-locale', '--auth=trust', '--no-sync', '--no-instructions'];
  await runWithInput(path.join(binaries.bin, 'initdb'), args, '', runAs);
  await writeFile(path.join(partial, 'pg_hba.conf'), accessRules);
  await rename(partial, template).catch(async (error: NodeJS.ErrnoException) => {
    // Another run was faster; its template is as good.
    if (!existsSync(template)) throw error;
    await rm(partial, { recursive: true, force: true });
  });
};

const runWithInput = (file: string, args: readonly string[], input: string, runAs: RunAs | null): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: '/', env: cleanEnv(), stdio: ['pipe', 'pipe', 'pipe'], ...asOther(runAs) });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${path.basename(file)} ended with ${code}: ${output.trim()}`)),
    );
  });

/** Password set in single-user mode, before anybody can connect. Only letters and digits, so it needs no quoting. */
const setPassword = (binaries: PostgresBinaries, dataDir: string, password: string, runAs: RunAs | null): Promise<void> =>
  runWithInput(
    path.join(binaries.bin, 'postgres'),
    ['--single', '-D', dataDir, 'postgres'],
    `alter role ${postgresUser} password '${password}'\n`,
    runAs,
  );

/**
 * A killed postmaster leaves its pid file. PostgreSQL checks whether such a process lives, but not whether it is still the
 * same: after a reboot of a container the number often belongs to another cluster of ours, and it would refuse to start.
 */
const clearStalePidFile = async (dataDir: string): Promise<void> => {
  const file = path.join(dataDir, 'postmaster.pid');
  const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0]);
  if (!(pid > 0) || process.platform !== 'linux') return;
  const cwd = await readlink(`/proc/${pid}/cwd`).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? null : 'unknown'));
  if (cwd === 'unknown' || cwd === dataDir) return;
  await rm(file, { force: true });
};

/** Makes the cluster if there is none yet, and says how it is started. PostgreSQL never runs as root. */
export const preparePostgres = async (options: PostgresOptions): Promise<PreparedPostgres> => {
  const runAs = unprivilegedAccount();
  const cacheHome = await postgresHome(path.join(options.cacheDir, 'postgres'), runAs);
  const dirHome = await postgresHome(options.dir, runAs, options.note);
  const binaries = await executableBy(await findPostgres(options.root), runAs, cacheHome);
  const dataDir = path.join(dirHome, 'data');
  const password = await oneSecret(path.join(options.dir, 'password'));
  if (!existsSync(dataDir)) {
    const template = await templateCluster(binaries, cacheHome, runAs);
    const partial = `${dataDir}.partial-${process.pid}`;
    await run('cp', ['-a', template, partial]);
    await setPassword(binaries, partial, password, runAs);
    await rename(partial, dataDir);
    await writeFile(path.join(options.dir, 'data-dir'), `${dataDir}\n`);
  }
  const settings = {
    port: options.port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: maxConnections,
    log_checkpoints: 'off',
    ...(options.fsync === false ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } : {}),
  };
  const url = `postgres://${postgresUser}:${password}@127.0.0.1:${options.port}/postgres`;
  return {
    url,
    dataDir,
    launch: {
      name: options.name,
      file: path.join(binaries.bin, 'postgres'),
      args: ['-D', dataDir, ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])],
      env: cleanEnv(),
      cwd: '/',
      runAs,
      ready: { kind: 'postgres', url },
      stopSignal: 'SIGINT',
      beforeStart: () => clearStalePidFile(dataDir),
    },
  };
};
