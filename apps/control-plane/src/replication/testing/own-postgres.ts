import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { waitFor } from '@lapidary/kernel/wait-for';
import { freePort } from '@lapidary/tools/local/free-port';
import { findPostgres } from '@lapidary/tools/local/postgres-binaries';
import pg from 'pg';
import { fillDisk } from './fill-disk.js';

/** A PostgreSQL of one test's own, on a small disk of its own in a name space of its own: it can be killed and its disk filled, and is begun anew when it ends. */
export interface OwnPostgres {
  /** A superuser's, in its own database. */
  readonly url: string;
  /** kill -9 of the server; resolves when another one answers. */
  kill(): Promise<void>;
  /** To the last byte. */
  fill(): Promise<void>;
  free(): Promise<void>;
  /** What it has written to its log. */
  log(): Promise<string>;
  stop(): Promise<void>;
}

const readyMs = 120_000;
/** A cluster, a migrated database and its log of what was written, with room for some thousand events. */
const diskMegabytes = 192;
/** As the numbers of nobody's account: PostgreSQL runs as no root, and looks its user's name up. */
const account = 65_534;

export const startOwnPostgres = async (): Promise<OwnPostgres> => {
  const root = await mkdtemp(path.join(tmpdir(), 'lapidary-own-postgres-'));
  const [dir, logFile, port] = [path.join(root, 'data'), path.join(root, 'log'), await freePort()];
  const { bin } = await findPostgres(process.cwd());
  const settings = [`port=${port}`, 'unix_socket_directories=', 'listen_addresses=127.0.0.1', 'fsync=off', 'max_wal_size=32MB'];
  const server = `"${bin}/postgres" -D "${dir}" ${settings.map((s) => `-c ${s}`).join(' ')}`;
  const initial = `"${bin}/initdb" -D "${dir}" -U lapidary -E UTF8 --no-locale --auth=trust --no-sync --no-instructions`;
  // The shell keeps the disk alive when the server is killed, and ends with the test's process, however that ends.
  const watch = `(while [ -d /proc/${process.pid} ]; do sleep 1; done; kill -KILL 0) &`;
  const inside = `${watch} ${initial} && while :; do ${server}; sleep 0.2; done`;
  const mounted = `mkdir "${dir}" && mount -t tmpfs -o size=${diskMegabytes}m,mode=0700 none "${dir}" && exec unshare --user --map-user=${account} --map-group=${account} sh -c '${inside}'`;
  const log = await open(logFile, 'a');
  const shell = spawn('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', mounted], {
    stdio: ['ignore', log.fd, log.fd],
    detached: true,
  });
  await log.close();
  const url = `postgres://lapidary@127.0.0.1:${port}/postgres`;
  const place = (file: string): string => path.join('/proc', String(shell.pid), 'root', dir, file);
  const serverPid = async (): Promise<number> => Number((await readFile(place('postmaster.pid'), 'utf8')).split('\n')[0]);
  const answers = async (): Promise<true | undefined> => {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('SELECT 1');
      return true;
    } catch {
      return undefined;
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  const ready = async (): Promise<unknown> => await waitFor('PostgreSQL', answers, { timeoutMs: readyMs });
  await ready();
  return {
    url,
    kill: async () => {
      const pid = await serverPid();
      process.kill(pid, 'SIGKILL');
      await waitFor('another server', async () => ((await serverPid().catch(() => pid)) !== pid ? true : undefined), {
        timeoutMs: readyMs,
      });
      await ready();
    },
    fill: async () => fillDisk(place('filler')),
    free: async () => {
      await rm(place('filler'));
      await ready();
    },
    log: async () => await readFile(logFile, 'utf8'),
    stop: async () => {
      const ended = once(shell, 'exit');
      // The whole group: the shell would begin another one.
      process.kill(-shell.pid!, 'SIGKILL');
      await ended;
      await rm(root, { recursive: true, force: true });
    },
  };
};
