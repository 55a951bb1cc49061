import { parentPort, threadId, workerData } from 'node:worker_threads';
import { NatsLink } from '@lapidary/messaging/nats-link';
import { createLogger } from '@lapidary/telemetry/logger';
import { createRouterMetrics } from '../metrics.js';
import { Traffic } from '../traffic.js';
import { beatEveryMs, beatOf } from './heartbeats.js';
import { closesLast } from './open-sockets.js';
import { RefreshAsker } from './refresh-asker.js';
import { SharedDirectory } from './shared-directory.js';
import type { FromWorker, ToWorker, WorkerStart } from './worker-messages.js';

/** The program of one worker. The directory and its copy on disk, DNS and the admin port are the main thread's. */
const port = parentPort!;
const { config, httpFd, tlsFd, open, shared, beats, memory } = workerData as WorkerStart;
const say = (message: FromWorker): void => port.postMessage(message);
const logger = createLogger('router', config.LAPIDARY_LOG_LEVEL, {
  region: config.LAPIDARY_REGION,
  router: config.LAPIDARY_ROUTER_ID,
  worker: String(threadId),
});
const metrics = createRouterMetrics({ processMetrics: false });
const directory = new SharedDirectory();
if (memory) directory.read(memory);
const refresh = new RefreshAsker((id, tenant) => say({ type: 'refresh', id, tenant }));
const link = new NatsLink({
  url: config.LAPIDARY_NATS_URL,
  user: config.LAPIDARY_NATS_USER,
  password: config.LAPIDARY_NATS_PASSWORD,
  name: `router ${config.LAPIDARY_ROUTER_ID}, worker ${threadId}`,
  logger,
  onRefused: (subject, why) => metrics.lapidary_router_nats_refused_total.inc({ subject, why }),
});
let relieved = false;
const isLast = (socket: 'http' | 'tls') => (): boolean => closesLast(open, socket, shared.worker) && !relieved;
const traffic = new Traffic({
  config,
  directory,
  link,
  metrics,
  logger,
  shared,
  refreshTenant: (tenant) => refresh.ask(tenant),
  // Without certificates nobody listens there.
  places: { http: { fd: httpFd, isLast: isLast('http') }, tls: { fd: tlsFd ?? -1, isLast: isLast('tls') } },
});

const drain = async (graceMs: number): Promise<void> => {
  await traffic.drain(graceMs);
  await link.close();
};

const answer = async (message: Extract<ToWorker, { readonly ask: unknown }>): Promise<unknown> => {
  switch (message.type) {
    case 'metrics':
      traffic.countNow();
      return metrics.registry.getMetricsAsJSON();
    case 'look':
      return (await traffic.looks())[0];
    case 'foresee':
      return traffic.foresee(message.ask.tenant, message.ask.stamp);
  }
};

port.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'directory':
      return directory.read(message.memory);
    case 'refreshed':
      return refresh.answered(message.id);
    case 'drain':
      relieved = message.relieved;
      // In a thread this ends the thread; its end is the answer.
      return void drain(message.graceMs).finally(() => process.exit(0));
    default:
      return void answer(message).then((found) => say({ type: 'answer', id: message.id, answer: found }));
  }
});

beatOf(beats, shared.worker)();
setInterval(beatOf(beats, shared.worker), beatEveryMs);
say({ type: 'listening', ports: await traffic.listen() });
