import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunFile } from '@lapidary/contracts/run-file';
import { exitCodes } from '@lapidary/kernel/error-catalogue';
import { AppError } from '@lapidary/kernel/app-error';
import { waitFor } from '@lapidary/kernel/wait-for';
import { z } from 'zod';
import { parseDurationMs } from '../context/duration.js';
import { findRunFile } from '../context/run-file-lookup.js';
import { hostRoutes, isHeld } from '../directory/routes.js';
import { DrillProcesses, type Killed } from '../drill/drill-processes.js';
import { drillMarkdown, writeDrillReport, type DrillReport } from '../drill/drill-report.js';
import { DrillTraffic } from '../drill/drill-traffic.js';
import { stillAnswering } from '../drill/still-answering.js';
import type { Command } from '../invocation.js';
import { confirmByName } from '../output/confirm.js';
import { baseDomainDefault } from './fields.js';

const Options = z.object({
  for: z.string().default('30s'),
  path: z.string().startsWith('/').default('/api/whoami'),
  report: z.string().optional(),
  baseDomain: z.string().default(baseDomainDefault),
});

/** Enough that every stamp is asked; with more, each would be asked seldom. */
const tenantsMax = 50;
/** Traffic that nothing has happened to yet, and that nothing happens to any more. */
const calmMs = 2_000;
/** Databases recover, control planes migrate and subscribe; a loaded machine takes its time. */
const backMsMax = 120_000;

/** Processes of a database end when they miss the one that is killed; its port is theirs until then. */
const endMsMax = 5_000;

const isBack = async ({ api }: RunFile['regions'][string]): Promise<boolean> => {
  const answer = await fetch(`${api}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(() => null);
  await answer?.body?.cancel();
  return answer?.status === 200;
};

export const drillControlPlaneDown: Command = async (invocation) => {
  const { for: duration, path, report: folder, baseDomain } = invocation.parse(Options, invocation.options);
  const { output, options, signal } = invocation;
  const forMs = parseDurationMs(duration);
  const found = findRunFile(output.terminal.cwd);
  if (!found) throw new AppError('not_found', 'No fleet runs here: the drill is for a fleet that `npm start` runs on this machine');
  const { items } = await invocation.connect().tenants({ status: 'placed' }, tenantsMax);
  const hosts = hostRoutes(items, baseDomain)
    .filter((route) => !isHeld(route) && route.host.endsWith(`.${baseDomain}`))
    .map(({ host }) => host);
  if (hosts.length === 0)
    throw new AppError('not_found', 'No tenant is placed: there is nothing to ask for', {
      details: { check: 'Make one: stampctl tenants create acme --region eu' },
    });
  await confirmByName(
    output,
    'The drill',
    `kills every control plane, database and NATS server of ${found.path}`,
    'control-plane-down',
    options.yes === true,
    signal,
  );

  const startedAt = new Date().toISOString();
  const processes = new DrillProcesses(found.run);
  const traffic = Object.entries(found.run.regions).map(
    ([name, region]) => new DrillTraffic({ router: `router-${name}`, url: region.router, hosts }, path),
  );
  const enter = (phase: 'down' | 'after'): void => traffic.forEach((one) => one.enter(phase));
  let killed: Killed[] = [];
  const alive = new Set<string>();
  const lookForTheLiving = async (withinMs: number): Promise<void> =>
    (await stillAnswering(found.run, withinMs)).forEach((name) => alive.add(name));
  let downMs = 0;
  let backAfterMs = 0;
  traffic.forEach((one) => one.start());
  try {
    await sleep(calmMs, undefined, { signal });
    enter('down');
    const downAtMs = performance.now();
    killed = await processes.takeDown();
    await lookForTheLiving(endMsMax);
    output.note(`${killed.length} processes are dead; requests go on for ${duration}`);
    await sleep(forMs, undefined, { signal });
    await lookForTheLiving(0);
    downMs = performance.now() - downAtMs;
    enter('after');
    processes.letGoOn();
    const goesOnAtMs = performance.now();
    for (const [name, region] of Object.entries(found.run.regions))
      await waitFor(`the control plane of ${name}`, async () => (await isBack(region)) || undefined, {
        timeoutMs: backMsMax,
        intervalMs: 100,
      });
    backAfterMs = performance.now() - goesOnAtMs;
    await sleep(calmMs, undefined, { signal });
  } finally {
    // Whatever broke it off, the fleet must not stay down.
    processes.letGoOn();
    await Promise.all(traffic.map((one) => one.stop()));
  }
  const counts = traffic.flatMap((one) => one.counts);
  // A drill without an outage, without a request during it, or with failures before it, shows nothing.
  const asked = traffic.every((one) => one.counts.some((c) => c.phase === 'down' && c.requests > 0));
  const passed = asked && alive.size === 0 && killed.length > 0 && counts.every((c) => c.errors === 0);
  const failures = traffic.flatMap((one) => one.failures);
  const report: DrillReport = {
    drill: 'control-plane-down',
    startedAt,
    passed,
    path,
    tenants: hosts.length,
    downMs,
    backAfterMs,
    killed,
    alive: [...alive],
    counts,
    failures,
  };
  const files = await writeDrillReport(folder ?? join(found.rootDir, '.lapidary', 'drills'), report);
  await output.result({ data: report, name: files.json, table: () => drillMarkdown(report).trimEnd() });
  output.note(`Report: ${files.markdown}`);
  return passed ? exitCodes.ok : exitCodes.error;
};
