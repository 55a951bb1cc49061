import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { waitFor } from '@lapidary/kernel/wait-for';
import { exchangeBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';
import type { RouterWorld } from '../router-world.fixture.js';

/** Processes load no TypeScript. */
const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Takes a second or two on an idle machine; a keeper gives another process a minute until it says that there is none (keeper.ts). */
export const patience = { timeoutMs: 90_000, intervalMs: 10 };
/** A process and its threads each load the whole program. */
const startPatience = { timeoutMs: 90_000, intervalMs: 20 };

/** Status of the answer to a request on a connection of its own. */
export const statusAt = async (port: number, host: string, path = '/'): Promise<string> =>
  (await exchangeBytes(port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, /\r\n\r\n.+/s)).slice(9, 12);

interface LogLine {
  readonly msg?: string;
  readonly pid?: number;
  readonly trafficPort?: number;
  readonly adminPort?: number;
}

/**
 * For tests: a router as it runs in production, in processes of its own. Each of its threads that takes requests looks for the file
 * `kill` and ends by an error when it finds it, for good while `killAll` is there; `hang`: it never comes back from a turn of its loop;
 * `stick`: nor for some seconds from a call of the system.
 */
export class RouterProcess {
  readonly logged: LogLine[] = [];
  readonly port: number = 0;
  readonly admin: string = '';
  /** What is read at SIGHUP. */
  readonly configFile: string;
  private readonly ended: Promise<unknown>;

  private constructor(
    readonly child: ChildProcess,
    private readonly folder: string,
  ) {
    this.configFile = join(folder, 'router.env');
    this.ended = once(child, 'exit');
    createInterface({ input: child.stdout! }).on('line', (line) => {
      this.logged.push(line.startsWith('{') ? (JSON.parse(line) as LogLine) : { msg: line });
    });
  }

  /** Status of the answer to a request for a tenant, on a connection of its own: any worker may have it. */
  ask(id: string, path = '/'): Promise<string> {
    return statusAt(this.port, `${id}.lapidary.localhost`, path);
  }

  static async start(world: RouterWorld, more: Record<string, string> = {}): Promise<RouterProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'lapidary-process-'));
    await writeFile(join(folder, 'router.env'), '');
    const env = {
      NODE_OPTIONS: `--import=${await mortality(folder)}`,
      LAPIDARY_REGION: world.name,
      LAPIDARY_ROUTER_ID: 'r1',
      LAPIDARY_HTTP_PORT: '0',
      LAPIDARY_ADMIN_PORT: '0',
      LAPIDARY_NATS_URL: world.link.url,
      LAPIDARY_DIRECTORY_FILE: join(world.folder, 'directory.copy'),
      LAPIDARY_CONFIG_FILE: join(folder, 'router.env'),
      ...more,
    };
    const one = new RouterProcess(spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'inherit'] }), folder);
    try {
      const { trafficPort, adminPort } = await one.says('router listening', 0, startPatience);
      Object.assign(one, { port: trafficPort, admin: `http://127.0.0.1:${adminPort}` });
      await one.isReady();
    } catch (error) {
      // Nobody else knows of it.
      await one.clean();
      throw error;
    }
    return one;
  }

  /** The first line with this message, behind the first `from` lines. */
  says(message: string, from = 0, within = patience): Promise<LogLine> {
    const find = (): LogLine | undefined => this.logged.slice(from).find(({ msg }) => msg === message);
    return waitFor(
      `the router to say "${message}"`,
      () => {
        if (this.child.exitCode !== null) throw new Error(`it ended with ${this.child.exitCode}: ${JSON.stringify(this.logged)}`);
        return find();
      },
      within,
    );
  }

  isReady(): Promise<unknown> {
    return waitFor('the router to be ready', async () => (await this.readiness()) === 200 || undefined, patience);
  }

  /** 0: nobody listens any more. */
  async readiness(): Promise<number> {
    return fetch(`${this.admin}/readyz`).then(
      async (response) => (await response.arrayBuffer(), response.status),
      () => 0,
    );
  }

  /** Whether a connection can be made. */
  isListening(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1', () => (socket.destroy(), resolve(true)));
      socket.once('error', () => resolve(false));
    });
  }

  async metric(line: RegExp): Promise<number> {
    const page = await (await fetch(`${this.admin}/metrics`)).text();
    return Number(line.exec(page)?.[1] ?? 0);
  }

  /** Another process leads when this is over. */
  async reload(): Promise<void> {
    const from = this.logged.length;
    this.child.kill('SIGHUP');
    await this.says('another process leads', from);
  }

  /** Does this to one worker, or kills every one that there is until told otherwise. */
  async killWorkers(which: 'kill' | 'killAll' | 'hang' | 'stick'): Promise<void> {
    await writeFile(join(this.folder, which), '');
  }

  async spareWorkers(): Promise<void> {
    await rm(join(this.folder, 'killAll'), { force: true });
  }

  /** Exit code, or the signal that ended it. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals> {
    this.child.kill(signal);
    await this.ended;
    return this.child.exitCode ?? this.child.signalCode!;
  }

  async clean(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.end('SIGTERM');
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A module that is loaded into every thread before its program. */
const mortality = async (folder: string): Promise<string> => {
  const file = join(folder, 'mortality.mjs');
  await writeFile(
    file,
    `import { spawnSync } from 'node:child_process';
import { existsSync, unlinkSync } from 'node:fs';
import { isMainThread, workerData } from 'node:worker_threads';
const die = () => { throw new Error('killed by a test'); };
if (!isMainThread && workerData?.httpFd !== undefined) {
  if (existsSync(${JSON.stringify(join(folder, 'killAll'))})) die();
  setInterval(() => {
    if (existsSync(${JSON.stringify(join(folder, 'killAll'))})) die();
    const isMine = (file) => { try { unlinkSync(file); return true; } catch { return false; } };
    if (isMine(${JSON.stringify(join(folder, 'kill'))})) die();
    if (isMine(${JSON.stringify(join(folder, 'stick'))})) spawnSync('sleep', ['8']);
    if (isMine(${JSON.stringify(join(folder, 'hang'))})) for (;;);
  }, 10).unref();
}
`,
  );
  return pathToFileURL(file).href;
};
