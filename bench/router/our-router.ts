/**
 * The router's traffic port alone, for benchmarks and the soak:
 * `node our-router.ts <fast|public|general|links> <port> <upstream port> <tenants> [changes/s] [port of a stamp that hangs]`.
 * Policy, metrics, time-outs and slow paths are on, as in a router that runs; no NATS: the directory is written here, and goes on
 * changing while requests are served where that is asked for.
 */
import { inlineMore } from '@lapidary/router/inline-more';
import { startTraffic } from '@lapidary/router/traffic.fixture';
import { NetTransport } from '@lapidary/router/transport/net-transport';
import { answerMemoryHeld } from './memory-held.ts';
import { benchPolicy } from './bench-policy.ts';
import { noisyTenant } from './peer-configs.ts';

inlineMore();
const [path, port, upstreamPort, tenants, changesPerSecond = '0', hangingPort] = process.argv.slice(2);
const policy = benchPolicy();
const timeouts = { connectMs: 2_000, headMs: 30_000, idleMs: 60_000 };
const stamp = `http://127.0.0.1:${upstreamPort}`;
const links = path === 'links' ? { routerId: 'bench', key: null } : null;
/** Tier A: Node's documented sockets only. */
const transport = path === 'public' ? { transport: new NetTransport() } : {};
const traffic = await startTraffic([stamp], {
  timeouts,
  policy,
  on: path === 'general' ? 'general' : 'fast',
  port: Number(port),
  links,
  ...transport,
});
/** Made once: V8 keeps what it made of numbers, so that a text of each change would be in what collections copy. */
const names = Array.from({ length: Number(tenants) }, (_, i) => `t${i}`);
for (const tenant of names) traffic.route({ tenant });
traffic.route({ tenant: noisyTenant });
if (hangingPort !== undefined) {
  traffic.stamp({ stamp: 'eu-9', frontDoors: [`http://127.0.0.1:${hangingPort}`] });
  traffic.route({ tenant: 'hanging', stamp: 'eu-9' });
}

answerMemoryHeld();

/** Changes come in batches from the stream, not one by one on a timer. */
const batchEveryMs = 10;
/** It changes only while it is asked: all targets share one processor, and a table that changes in their turns would be measured with them. */
const restAfterMs = 200;
let epoch = 1;
if (changesPerSecond !== '0') {
  let served = 0;
  let seen = 0;
  let restAtMs = 0;
  const release = policy.release.bind(policy);
  policy.release = (...of) => {
    served += 1;
    release(...of);
  };
  const perBatch = Math.max(1, Math.round((Number(changesPerSecond) * batchEveryMs) / 1000));
  setInterval(() => {
    if (served !== seen) restAtMs = performance.now() + restAfterMs;
    seen = served;
    if (performance.now() > restAtMs) return;
    epoch += 1;
    for (let i = 0; i < perBatch; i++) traffic.route({ tenant: names[(epoch * perBatch + i) % names.length]!, epoch });
  }, batchEveryMs);
}
