/**
 * Provisioning: how fast a request is accepted and a local stamp is there, step by step; what rendering and planning cost, warm and for
 * a whole fleet; eight provisions at once. Peer of the engine: the SDK's own mocks (`runtime.setMocks`) over the same program, which
 * register the same resources with nothing behind them.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlannerMessage } from '@lapidary/contracts/planner-protocol';
import { ProvisionRunSchema, type ParsedProvisionRun, type ProvisionerMessage } from '@lapidary/contracts/provisioner-protocol';
import { previewStack } from '@lapidary/infra/engine/synth/preview-stack';
import { provision } from '@lapidary/infra/engine/provisioner';
import { renderGraph } from '@lapidary/infra/engine/synth/render-graph';
import { renderUnderMocks } from '@lapidary/infra/testing/sdk-mocks';
import { get, post, root, startOwnFleet, type OwnFleet } from './own-fleet.ts';
import { report, type Measurement } from './report.ts';

// As the provisioner and the planner do it; the mocks profit alike.
Error.stackTraceLimit = 0;

const fleetSize = 40;
const apiRounds = 5;
const atOnce = 8;
const stampRounds = 5;
const bytesPerMb = 1024 * 1024;

const home = mkdtempSync(join(tmpdir(), 'lapidary-bench-'));
writeFileSync(join(home, 'passphrase'), 'a passphrase for benchmarks');
const unhurried = new AbortController().signal;
const regionFacts = { jurisdiction: 'eu', awsRegion: 'eu-west-1' };

const runOf = (operation: ParsedProvisionRun['operation'], n: number): ParsedProvisionRun =>
  ProvisionRunSchema.parse({
    operation,
    spec: {
      ...{ name: `eu-${n}`, region: 'eu', driver: 'aws', profile: 'small', ring: 'broad', isolation: 'pooled' },
      ...{ capacity: { units: 50 }, workload: { version: '1' }, labels: {} },
    },
    regionFacts,
    engine: 'embedded',
    stateDir: join(home, 'state'),
    passphraseFile: join(home, 'passphrase'),
    local: null,
  });

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
};

const timesOf = async (count: number, work: (n: number) => Promise<unknown>): Promise<number[]> => {
  // The first ones load and compile.
  for (let n = 1; n <= 3; n++) await work(n);
  const samples: number[] = [];
  for (let n = 1; n <= count; n++) samples.push(await timed(() => work(n)));
  return samples;
};

const engineAlone = async (): Promise<Measurement[]> => {
  const metric = 'one stamp’s graph';
  const peer = 'SDK mocks';
  const synth = await timesOf(fleetSize, (n) => renderGraph({ ...runOf('preview', n), local: null }));
  const resident = process.memoryUsage().rss / bytesPerMb;
  const preview = await timesOf(fleetSize, (n) => previewStack(runOf('preview', n), unhurried));
  const throughApi = await timesOf(apiRounds, (n) => provision(runOf('preview', n), () => undefined, unhurried));
  const mocks = await timesOf(fleetSize, (n) => renderUnderMocks(runOf('preview', n)));
  return [
    { subject: peer, metric, unit: 'ms', samples: mocks },
    { subject: 'synthesis, warm', metric, unit: 'ms', samples: synth, peer },
    { subject: 'preview, warm', metric, unit: 'ms', samples: preview, peer },
    { subject: 'preview through the Automation API', metric, unit: 'ms', samples: throughApi, peer },
    { subject: 'synthesis, warm', metric: 'memory after 40', unit: 'MB', samples: [resident] },
  ];
};

/** As the control plane asks: everything at once, of one planner that is started by it. */
const planFleet = async (): Promise<Measurement[]> => {
  const planner = fork(join(root, 'infra/dist/engine/synth/planner-main.js'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ask = (): Promise<number> =>
    new Promise((resolve, reject) => {
      let left = fleetSize;
      let memory = 0;
      const take = (message: PlannerMessage): void => {
        if (message.type !== 'answer') return;
        if (message.answer.type !== 'result') return reject(new Error(message.answer.message));
        memory = Math.max(memory, message.residentBytes);
        if (--left === 0) resolve(memory / bytesPerMb);
      };
      planner.removeAllListeners('message').on('message', take);
      for (let n = 1; n <= fleetSize; n++) planner.send({ type: 'run', id: n, run: runOf('preview', n) });
    });
  const memory: number[] = [];
  const cold = await timed(async () => memory.push(await ask()));
  const warm: number[] = [];
  for (let round = 0; round < apiRounds; round++) warm.push(await timed(async () => memory.push(await ask())));
  planner.kill('SIGKILL');
  const metric = `plan of ${fleetSize} stamps`;
  return [
    { subject: 'planner, cold', metric, unit: 's', samples: [cold / 1000] },
    { subject: 'planner, warm', metric, unit: 's', samples: warm.map((ms) => ms / 1000) },
    { subject: 'planner', metric: 'memory', unit: 'MB', samples: memory },
  ];
};

/** Highest resident memory of a process so far (proc(5): VmHWM, in kB). */
const peakMb = (pid: number): number => {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
};

/** One child as the control plane forks it; refuses a result in which anything of another stamp shows. */
const provisionInChild = async (n: number): Promise<{ ms: number; mb: number }> => {
  const child = fork(join(root, 'infra/dist/engine/provisioner-main.js'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  let last: ProvisionerMessage | undefined;
  let mb = 0;
  child.on('message', (message: ProvisionerMessage) => {
    last = message;
    mb = Math.max(mb, peakMb(child.pid!));
  });
  const ms = await timed(async () => {
    child.send({ type: 'run', run: runOf('up', n) });
    await new Promise((resolve) => child.once('exit', resolve));
  });
  if (last?.type !== 'result') throw new Error(`eu-${n}: ${JSON.stringify(last)}`);
  const strangers = last.plan.filter(({ name }) => name !== `eu-${n}` && !name.startsWith(`eu-${n}-`));
  if (strangers.length > 0) throw new Error(`eu-${n} made ${strangers.map(({ name }) => name).join(', ')}`);
  return { ms, mb };
};

const eightAtOnce = async (): Promise<Measurement[]> => {
  const alone = await provisionInChild(100);
  const begun = performance.now();
  const together = await Promise.all(Array.from({ length: atOnce }, (_, i) => provisionInChild(i + 1)));
  const wall = (performance.now() - begun) / 1000;
  return [
    { subject: 'one provision', metric: 'simulated cloud', unit: 's', samples: [alone.ms / 1000] },
    { subject: `${atOnce} at once, each`, metric: 'simulated cloud', unit: 's', samples: together.map(({ ms }) => ms / 1000) },
    { subject: `${atOnce} at once, all`, metric: 'simulated cloud', unit: 's', samples: [wall] },
    { subject: 'provisioning child', metric: 'peak memory', unit: 'MB', samples: [alone, ...together].map(({ mb }) => mb) },
  ];
};

interface Job {
  readonly id: string;
  readonly status: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly steps: readonly { readonly name: string; readonly startedAt: string | null; readonly finishedAt: string | null }[];
}
const between = (a: string | null, b: string | null): number => (a && b ? (Date.parse(b) - Date.parse(a)) / 1000 : Number.NaN);

const provisionOnFleet = async (fleet: OwnFleet, stamp: string): Promise<{ acceptMs: number; job: Job }> => {
  let accepted: Awaited<ReturnType<typeof post>> | undefined;
  const acceptMs = await timed(async () => (accepted = await post(fleet, 'eu', `/v1/stamps/${stamp}/provision`, {})));
  if (accepted?.status !== 202) throw new Error(`provision answered ${JSON.stringify(accepted)}`);
  for (;;) {
    const job = (await get(fleet, 'eu', `/v1/jobs/${String(accepted.body.id)}`)) as unknown as Job;
    if (job.status === 'succeeded') return { acceptMs, job };
    if (job.status === 'failed') throw new Error(`the job failed: ${JSON.stringify(job)}`);
    await sleep(50);
  }
};

const localStamps = async (fleet: OwnFleet): Promise<Measurement[]> => {
  const runs: { acceptMs: number; job: Job }[] = [];
  const again: { acceptMs: number; job: Job }[] = [];
  for (let round = 0; round < stampRounds; round++) {
    runs.push(await provisionOnFleet(fleet, `eu-${20 + round}`));
    again.push(await provisionOnFleet(fleet, `eu-${20 + round}`));
  }
  const wall = (list: typeof runs): number[] => list.map(({ job }) => between(job.startedAt, job.finishedAt));
  const steps = runs[0]!.job.steps.map(({ name }, i): Measurement => {
    const samples = runs.map(({ job }) => between(job.steps[i]!.startedAt, job.steps[i]!.finishedAt));
    return { subject: `step ${name}`, metric: 'local stamp, new', unit: 's', samples };
  });
  return [
    { subject: 'accept', metric: 'provision request', unit: 'ms', samples: [...runs, ...again].map(({ acceptMs }) => acceptMs) },
    { subject: 'job', metric: 'local stamp, new', unit: 's', samples: wall(runs) },
    ...steps,
    { subject: 'job', metric: 'local stamp, no changes', unit: 's', samples: wall(again) },
  ];
};

try {
  const alone = [...(await engineAlone()), ...(await planFleet()), ...(await eightAtOnce())];
  const fleet = await startOwnFleet('provision', { fresh: true });
  try {
    report('provision', 'npm run bench:provision', [...alone, ...(await localStamps(fleet))]);
  } finally {
    await fleet.stop();
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}
// The SDK's mocks leave handles open.
process.exit(0);
