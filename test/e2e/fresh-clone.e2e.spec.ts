import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RunFileSchema, type RunFile } from '@lapidary/contracts/run-file';
import { waitFor } from '@lapidary/kernel/wait-for';
import { gone, isRunning } from './process-control.js';
import { throughRouter } from './router-client.js';

/** What a newcomer does: clone, `npm start` with nothing cached, then the README's commands by `npx`. */
const root = path.resolve(import.meta.dirname, '../..');
const home = mkdtempSync(path.join(tmpdir(), 'lapidary-clone-'));
const clone = path.join(home, 'lapidary');
const env = { PATH: withoutOurs(process.env.PATH ?? ''), HOME: home, npm_config_cache: path.join(home, 'npm-cache') };

/** Installing everything from an empty cache, building, and the first start, on two busy cores. */
const firstStartMs = 420_000;
const stopMs = 60_000;

/** The PATH of a shell: npm puts node_modules/.bin of this checkout in front for the tests. */
function withoutOurs(value: string): string {
  return value
    .split(path.delimiter)
    .filter((part) => !part.includes('node_modules'))
    .join(path.delimiter);
}

const npx = (...args: string[]): string =>
  execFileSync('npx', args, { cwd: clone, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

const readRun = (): RunFile | undefined => {
  const file = path.join(clone, '.lapidary/run.json');
  if (!existsSync(file)) return undefined;
  const run = RunFileSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  return run.success && run.data.ready ? run.data : undefined;
};

afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));

test(
  'a fresh clone with empty caches: npm start reaches ready, the commands work as written, Ctrl-C leaves no process',
  async () => {
    execFileSync('git', ['clone', '--quiet', root, clone], { env });
    const start = spawn('npm', ['start'], { cwd: clone, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let output = '';
    for (const stream of [start.stdout, start.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
    try {
      const run = await waitFor(
        'npm start to be ready',
        () => {
          if (start.exitCode !== null) throw new Error(`npm start ended with ${start.exitCode}:\n${output}`);
          return readRun();
        },
        { timeoutMs: firstStartMs, intervalMs: 250 },
      );
      npx('stampctl', 'provision', 'eu-2');
      npx('stampctl', 'tenants', 'create', 'acme', '--region', 'eu');
      expect(npx('stampctl', 'tenants', 'explain', 'acme')).toContain('eu-2');
      expect((await throughRouter(run.regions.eu!.router, 'acme.lapidary.localhost', '/api/orders')).status).toBe(200);
      expect(npx('stampctl', 'route', 'acme.lapidary.localhost')).toContain('forward');
      expect(execFileSync('git', ['status', '--porcelain'], { cwd: clone, env, encoding: 'utf8' })).toBe('');
    } finally {
      const pids = [...(readRun()?.processes.map((p) => p.pid) ?? []), ...(readRun() ? [readRun()!.supervisorPid] : [])];
      // As a terminal does it: Ctrl-C goes to the whole process group.
      process.kill(-start.pid!, 'SIGINT');
      for (const pid of pids) await gone(pid, stopMs);
      expect(pids.filter(isRunning)).toEqual([]);
    }
  },
  firstStartMs + 180_000,
);
