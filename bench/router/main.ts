/**
 * The router beside its peers: same upstream, same pinning, interleaved rounds. CPU per request of the proxy, requests per
 * second, latency at saturation; then latency at fixed rates, with a noisy tenant, and with a directory that changes.
 * `npm run bench:router -- --peers nginx,haproxy,http-proxy-3,fastify`; a part of it by `--shapes c64,c512` and `--no-fixed`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort } from '@lapidary/tools/local/free-port';
import { quantile, report, type Measurement } from '../report.ts';
import { buildLoad, runLoad } from './load.ts';
import { foreignCoresMax, interleaved, measure, type Sample } from './measure.ts';
import { fixedLoad, fixedRounds, fixedShares, noisyAfterMs, noisyLoad, shapes, tenants, usualAnswerBytes } from './shapes.ts';
import { knownTargets, startTarget, type Target } from './targets.ts';

/** V8 has what it optimises of the router after some 50,000 requests, compiling beside them on the one CPU that a target has. */
const warmSeconds = 10;
/** Nothing of them is compiled while they run. */
const native = new Set(['nginx', 'haproxy']);
const nativeWarmSeconds = 1;
const noisyWarmRounds = 2;
const slow = new Set(['http-proxy-3', 'fastify', 'general']);
/** No routers: what the bytes of one cost without it, at saturation. One of them answers each read, whatever it holds. */
const floors = ['floor', 'floor-links'];
/** They change only while they are asked at a fixed rate, without noise. */
const changing = ['churn', 'churn-flags'];
/** Nobody runs tier A who could run tier B: it is measured where it is compared with the peers, and the run stays under ten minutes. */
const notAtFixedRates = new Set([...slow, 'public', ...floors]);

const { values } = parseArgs({
  options: {
    peers: { type: 'string', default: 'nginx,haproxy' },
    ours: { type: 'string', default: 'fast,public,links,general,churn' },
    shapes: { type: 'string', default: shapes.map(({ name }) => name).join(',') },
    fixed: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const names = [...values.peers.split(','), ...values.ours.split(',')].filter(Boolean);
const unknown = names.filter((name) => !knownTargets.includes(name));
if (unknown.length > 0) throw new Error(`no target "${unknown.join(', ')}"; there are ${knownTargets.join(', ')}`);

const asked = values.shapes.split(',');
const unknownShapes = asked.filter((name) => !shapes.some((shape) => shape.name === name));
if (unknownShapes.length > 0)
  throw new Error(`no shape "${unknownShapes.join(', ')}"; there are ${shapes.map(({ name }) => name).join(', ')}`);
const askedShapes = shapes.filter(({ name }) => asked.includes(name));

buildLoad();
const upstreamPort = await freePort();
const targets = new Map<string, Target>();
const measurements: Measurement[] = [];
let foreign: number[] = [];

const note = (what: string, samples: ReadonlyMap<string, readonly Sample[]>): void => {
  const peer = [...targets.entries()].filter(([name]) => name === 'nginx' || name === 'haproxy').map(([, t]) => t.name);
  for (const [subject, list] of samples) {
    const add = (metric: string, unit: string, of: (s: Sample) => number): void =>
      void measurements.push({
        subject,
        metric: `${what}: ${metric}`,
        unit,
        samples: list.map(of),
        peer: peer.filter((p) => p !== subject),
      });
    add('CPU per request', 'µs', (s) => s.cpuUsPerRequest);
    add('requests', '1/s', (s) => s.requestsPerSecond);
    add('p50', 'µs', (s) => s.p50Us);
    add('p99', 'µs', (s) => s.p99Us);
    add('waited for a CPU', 'ms/s', (s) => s.waitedMsPerSecond);
    add('waited for a CPU, load', 'ms/s', (s) => s.loadWaitedMsPerSecond);
    foreign = foreign.concat(list.map((s) => s.foreignCores));
    const errors = list.reduce((sum, s) => sum + s.errors, 0);
    if (errors > 0) process.stdout.write(`${subject}, ${what}: ${errors} errors\n`);
  }
};
const without = (left: ReadonlySet<string>): Target[] => [...targets].filter(([name]) => !left.has(name)).map(([, target]) => target);

try {
  for (const name of names) targets.set(name, await startTarget(name, upstreamPort, tenants));
  // Time for the compilers of the runtimes: what a process costs in its first seconds is not what it costs.
  for (const [name, target] of targets) {
    const seconds = native.has(name) ? nativeWarmSeconds : warmSeconds;
    await measure(target, upstreamPort, { ...shapes[0]!.load, seconds });
  }
  for (const { name, load, rounds, slowPeers } of askedShapes) {
    const isUsual = load.answerBytes === usualAnswerBytes && load.postBytes === 0;
    const notHere = [
      ...(slowPeers ? [] : slow),
      ...changing,
      ...(load.answerBytes === usualAnswerBytes ? [] : ['links']),
      ...(isUsual ? [] : floors),
    ];
    const among = without(new Set(notHere));
    note(name, await interleaved(among, rounds, (target) => measure(target, upstreamPort, load)));
  }
  // A rate that one of them can't carry says only that; what comes before that is compared at rates which all of them can.
  const comparedNames = without(notAtFixedRates).map(({ name }) => name);
  const saturations = measurements
    .filter(({ subject, metric }) => metric === 'c64: requests' && comparedNames.includes(subject))
    .map(({ samples }) => quantile(samples, 0.5));
  if (values.fixed && saturations.length > 0) {
    const carried = Math.min(...saturations);
    for (const share of fixedShares) {
      const load = fixedLoad(Math.round(share * carried));
      note(
        `fixed rate, ${share * 100} % of the slowest`,
        await interleaved(without(notAtFixedRates), fixedRounds, (target) => measure(target, upstreamPort, load)),
      );
    }
    const load = fixedLoad(Math.round(fixedShares[0]! * carried));
    const besideNoise = async (target: Target): Promise<Sample> => {
      const noise = sleep(noisyAfterMs).then(() => runLoad(target.port, upstreamPort, noisyLoad(load.seconds)));
      const sample = await measure(target, upstreamPort, load);
      await noise;
      return sample;
    };
    // Refusals are compiled when they first come in numbers: in the first such round 164 functions, in the third 16.
    for (const [name, target] of targets)
      if (!native.has(name) && !notAtFixedRates.has(name) && !changing.includes(name))
        for (let i = 0; i < noisyWarmRounds; i += 1) await besideNoise(target);
    note(
      'fixed rate, 25 %, beside a noisy tenant',
      await interleaved(without(new Set([...notAtFixedRates, ...changing])), fixedRounds, besideNoise),
    );
  }
} finally {
  for (const target of targets.values()) await target.stop();
}
report('router', `npm run bench:router -- ${process.argv.slice(2).join(' ')}`.trimEnd(), measurements);
const busy = quantile(foreign, 0.5);
process.stdout.write(
  `\nOther programs used ${busy.toFixed(2)} cores (median of all rounds; at most ${Math.max(...foreign).toFixed(2)}).\n`,
);
if (busy > foreignCoresMax)
  process.stdout.write(`That is more than ${foreignCoresMax}: take these figures for a trial of the benchmark, not for a result.\n`);
