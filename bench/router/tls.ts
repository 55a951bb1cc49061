/**
 * HTTP/1.1 over TLS: CPU per request of the router, of its general path and of nginx, 64 kept connections, interleaved rounds. `npm run bench:router-tls`.
 * The client and the upstream are Node's, on the second CPU, so that they saturate before a proxy does: only CPU per request is compared.
 */
import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { freePort } from '@lapidary/tools/local/free-port';
import { quantile, report, type Measurement } from '../report.ts';
import { scheduled } from './cpu.ts';
import type { LoadResult } from './load.ts';
import { foreignCoresMax, interleaved, measureWhile } from './measure.ts';
import { usualAnswerBytes } from './shapes.ts';
import { startTarget, startNode, type Target } from './targets.ts';

const run = promisify(execFile);
const [connections, seconds, warmSeconds, rounds, tenants] = [64, 4, 15, 5, 1_000];

/** The upstream's CPU is the load's. */
const load = async ({ port }: Target, duration: number): Promise<LoadResult> => {
  const before = scheduled(upstream.pid);
  const script = `${import.meta.dirname}/tls-client.ts`;
  const args = ['-c', '1', process.execPath, script, ...[port, connections, duration, tenants].map(String)];
  const result = JSON.parse((await run('taskset', args)).stdout) as LoadResult;
  return { ...result, cpuSeconds: result.cpuSeconds + (scheduled(upstream.pid).cpuUs - before.cpuUs) / 1e6 };
};

const upstreamPort = await freePort();
const upstream = await startNode('upstream', 'link-upstream.ts', upstreamPort, [
  ...['--port', String(upstreamPort), '--bytes', String(usualAnswerBytes)],
]);
execFileSync('taskset', ['-acp', '1', String(upstream.pid)], { stdio: 'ignore' });
const targets: Target[] = [];
try {
  for (const name of ['nginx-tls', 'tls', 'tls-general']) targets.push(await startTarget(name, upstreamPort, tenants));
  for (const target of targets) await load(target, warmSeconds);
  const samples = await interleaved(targets, rounds, (target) => measureWhile(target, () => load(target, seconds)));
  const peer = targets[0]!.name;
  const rows = [...samples].map(([subject, list]): Measurement => {
    const cpu = list.map(({ cpuUsPerRequest }) => cpuUsPerRequest);
    return { subject, metric: 'CPU per request over TLS', unit: 'µs', samples: cpu, ...(subject === peer ? {} : { peer }) };
  });
  report('router-tls', 'npm run bench:router-tls', rows);
  const all = [...samples.values()].flat();
  const errors = all.reduce((sum, sample) => sum + sample.errors, 0);
  const busy = quantile(
    all.map(({ foreignCores }) => foreignCores),
    0.5,
  );
  process.stdout.write(`\n${errors} errors. Other programs used ${busy.toFixed(2)} cores (median of all rounds).\n`);
  if (busy > foreignCoresMax)
    process.stdout.write(`That is more than ${foreignCoresMax}: take these figures for a trial, not for a result.\n`);
} finally {
  for (const target of targets) await target.stop();
  await upstream.stop();
}
