import { endWithError } from '@lapidary/config/end-with-error';
import { createLogger, type Logger } from '@lapidary/telemetry/logger';
import { inlineMore } from './inline-more.js';
import { runBeatMs, type FromRun, type RunCounts, type ToRun } from './keeper/keeper-messages.js';
import { Router } from './router.js';
import { drainMs } from './shutdown.js';

/** Changes may take so long to arrive behind the copy on disk; the process that leads has them meanwhile. */
const liveWithinMs = 5_000;

const say = (message: FromRun): void => void process.send?.(message, () => undefined);

/** The program of one process of a router that has a keeper. It is told by the keeper alone; a terminal's signals reach both. */
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);

inlineMore();
let router: Router | null = null;
let logger: Logger | null = null;
let workers = 0;
let stopping = false;

const start = async ({ config, sockets, relieves }: Extract<ToRun, { type: 'start' }>): Promise<void> => {
  const { LAPIDARY_LOG_LEVEL: level, LAPIDARY_REGION: region, LAPIDARY_ROUTER_ID: id } = config;
  workers = config.LAPIDARY_ROUTER_WORKERS;
  logger = createLogger('router', level, { region, router: id });
  router = new Router({ config, logger, sockets, onSpent: (cause) => say({ type: 'spent', cause }) });
  await router.startBehind(relieves ? liveWithinMs : 0);
  say({ type: 'listening' });
};

const stop = async (graceMs: number, relieved: boolean): Promise<void> => {
  if (stopping) return;
  stopping = true;
  await router?.stop(graceMs, relieved);
  process.exit(0);
};

const count = (counts: RunCounts): void => {
  const metric = router?.metrics.lapidary_router_runs_total;
  metric?.reset();
  for (const [cause, number] of Object.entries(counts)) metric?.inc({ cause }, number);
};

const act = async (message: ToRun): Promise<void> => {
  switch (message.type) {
    case 'start':
      return start(message);
    case 'lead':
      return logger?.info({ ...(await router?.lead()), pid: process.pid, workers }, 'router leads');
    case 'release':
      await router?.release();
      return say({ type: 'released' });
    case 'counts':
      return count(message.counts);
    case 'drain':
      return stop(message.graceMs, message.relieved);
  }
};

setInterval(() => say({ type: 'beat' }), runBeatMs).unref();
process.on('message', (message: ToRun) => void act(message).catch(endWithError));
// The keeper is gone: whoever comes next wants the sockets (K6).
process.on('disconnect', () => void stop(drainMs, false).catch(endWithError));
