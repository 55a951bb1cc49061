import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The part of run.json that benchmarks use (libs/contracts/src/run-file.ts is the whole). */
export interface Run {
  readonly ready: boolean;
  readonly tokenFile: string;
  readonly regions: Readonly<Record<string, { api: string; router: string; routerAdmin: string; postgres: string }>>;
}

export interface OwnFleet {
  readonly run: Run;
  /** From spawn to run.json saying ready, in milliseconds. */
  readonly startedInMs: number;
  readonly token: string;
  stop(): Promise<void>;
}

export const root = resolve(import.meta.dirname, '..');
const startMsMax = 180_000;

/** A fleet of the benchmark's own, beside any other, with its data in `.lapidary/bench-<name>`. */
export const startOwnFleet = async (name: string, options: { fresh: boolean }): Promise<OwnFleet> => {
  const dataDir = join(root, '.lapidary', `bench-${name}`);
  if (options.fresh) rmSync(dataDir, { recursive: true, force: true });
  const runFile = join(dataDir, 'run.json');
  const begun = performance.now();
  const child = spawn(process.execPath, [join(root, 'tools/dist/dev.js'), '--data-dir', dataDir], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  const ready = (): Run | undefined => {
    if (!existsSync(runFile)) return undefined;
    try {
      const run = JSON.parse(readFileSync(runFile, 'utf8')) as Run;
      return run.ready ? run : undefined;
    } catch {
      return undefined; // being written
    }
  };
  for (;;) {
    const run = ready();
    if (run) {
      return {
        run,
        startedInMs: performance.now() - begun,
        token: readFileSync(run.tokenFile, 'utf8').trim(),
        stop: async () => {
          child.kill('SIGTERM');
          await ended;
        },
      };
    }
    if (child.exitCode !== null || performance.now() - begun > startMsMax) throw new Error('the fleet did not start');
    await sleep(10);
  }
};

export const post = async (
  fleet: OwnFleet,
  region: string,
  path: string,
  body: unknown,
): Promise<{ status: number; body: Record<string, unknown> }> => {
  const response = await fetch(`${fleet.run.regions[region]!.api}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${fleet.token}`, 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

export const get = async (fleet: OwnFleet, region: string, path: string): Promise<Record<string, unknown>> => {
  const response = await fetch(`${fleet.run.regions[region]!.api}${path}`, { headers: { authorization: `Bearer ${fleet.token}` } });
  return (await response.json()) as Record<string, unknown>;
};

/** A stamp with room for everything the benchmark creates. */
export const provisionBigStamp = async (fleet: OwnFleet): Promise<void> => {
  const job = await post(fleet, 'eu', '/v1/stamps/eu-9/provision', { capacity: { units: 900_000 } });
  if (job.status !== 202) throw new Error(`provision answered ${job.status}: ${JSON.stringify(job.body)}`);
  for (;;) {
    const stamp = await get(fleet, 'eu', '/v1/stamps/eu-9');
    if (stamp.status === 'active') return;
    if (stamp.status === 'failed') throw new Error('provisioning failed');
    await sleep(250);
  }
};
