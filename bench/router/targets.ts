import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeCertificate, putCertificate } from '@lapidary/router/tls/certificate.fixture';
import { freePort } from '@lapidary/tools/local/free-port';
import { ensurePeer } from '@lapidary/tools/peers/ensure-peer';
import { runPeer } from '@lapidary/tools/peers/run-peer';
import { usualAnswerBytes } from './shapes.ts';
import { haproxyConfig, nginxConfig, tenantHosts, type PeerJob } from './peer-configs.ts';

export interface Target {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

const root = join(import.meta.dirname, '../..');
const folder = join(root, '.lapidary/bench-router');
const startMsMax = 60_000;

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

export const startNode = async (
  name: string,
  script: string,
  port: number,
  args: readonly string[],
  flags: readonly string[] = [],
): Promise<Target> => {
  const env = { ...process.env, NODE_ENV: 'production' };
  const child = spawn(process.execPath, [...flags, join(import.meta.dirname, script), ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env,
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const until = performance.now() + startMsMax;
  while (!(await listens(port))) {
    if (child.exitCode !== null || performance.now() > until) throw new Error(`${name} did not start`);
    await sleep(50);
  }
  return { name, port, pid: child.pid!, stop: () => (child.kill('SIGKILL'), ended) };
};

const engine = async (name: 'nginx' | 'haproxy', job: PeerJob): Promise<Target> => {
  const peer = await ensurePeer(name, root);
  const home = join(folder, name);
  mkdirSync(home, { recursive: true });
  const line = (host: string): string => `${host} ${host.split('.')[0]!}${name === 'nginx' ? ';' : ''}`;
  writeFileSync(join(home, 'tenants.map'), `${tenantHosts(job.tenants).map(line).join('\n')}\n`);
  const config = name === 'nginx' ? nginxConfig(job) : haproxyConfig(job);
  const running = await runPeer(peer, { folder: home, config, ready: { kind: 'tcp', host: '127.0.0.1', port: job.port } });
  return { name: `${name} ${peer.version}`, port: job.port, pid: running.pid, stop: running.stop };
};

/** How each is started; the name is what `--peers` and `--targets` take. */
const starts: Readonly<Record<string, (job: PeerJob) => Promise<Target>>> = {
  nginx: (job) => engine('nginx', job),
  haproxy: (job) => engine('haproxy', job),
  'http-proxy-3': (job) => startNode('http-proxy-3', 'http-proxy-3.ts', job.port, [String(job.port), String(job.upstreamPort)]),
  fastify: (job) => startNode('@fastify/http-proxy', 'fastify-proxy.ts', job.port, [String(job.port), String(job.upstreamPort)]),
  general: (job) => ours('router, general path', 'general', job, 0),
  fast: (job) => ours('router, tier B', 'fast', job, 0),
  public: (job) => ours('router, tier A', 'public', job, 0),
  links: (job) => overLinks(job),
  floor: (job) => floor('floor of a proxied request', 'pass', job),
  'floor-links': (job) => floor('floor of a request over links', 'answer', job),
  'nginx-tls': async (job) => engine('nginx', { ...job, tls: join(await certificates(), 'base') }),
  tls: (job) => overTls('router over TLS', 'fast', job),
  'tls-general': (job) => overTls('router over TLS, general path', 'general', job),
  churn: (job) => ours('router, tier B, 10,000 changes/s', 'fast', job, 10_000),
  // Compared with those on request, by what else V8 is told.
  'fast-flags': (job) => ours(`router, tier B, ${asked.join(' ')}`, 'fast', job, 0, asked),
  'churn-flags': (job) => ours(`router, tier B, 10,000 changes/s, ${asked.join(' ')}`, 'fast', job, 10_000, asked),
};

const asked = (process.env['LAPIDARY_BENCH_FLAGS'] ?? '--no-parallel-scavenge').split(' ');

const ours = (name: string, path: string, job: PeerJob, changesPerSecond: number, flags: readonly string[] = []): Promise<Target> =>
  startNode(name, 'our-router.ts', job.port, [path, job.port, job.upstreamPort, job.tenants, changesPerSecond].map(String), flags);

/** What the same bytes cost without a router. */
const floor = (name: string, mode: 'pass' | 'answer', { port, upstreamPort }: PeerJob): Promise<Target> =>
  startNode(name, 'floor.ts', port, [mode, port, upstreamPort].map(String));

/** Made anew by each run. */
let made: Promise<string> | null = null;
const makeCertificates = async (): Promise<string> => {
  const home = join(folder, 'certificates');
  mkdirSync(home, { recursive: true });
  await putCertificate(home, 'base', makeCertificate(['*.lapidary.localhost']));
  return home;
};
const certificates = (): Promise<string> => (made ??= makeCertificates());

const overTls = async (name: string, path: string, job: PeerJob): Promise<Target> =>
  startNode(name, 'tls-router.ts', job.port, [path, job.port, job.upstreamPort, job.tenants, await certificates()].map(String));

/** Its upstream has to speak the link: one of its own, beside the load generator on the second CPU. */
const overLinks = async (job: PeerJob): Promise<Target> => {
  const port = await freePort();
  const upstream = await startNode('link upstream', 'link-upstream.ts', port, [
    '--port',
    String(port),
    '--bytes',
    String(usualAnswerBytes),
  ]);
  execFileSync('taskset', ['-acp', '1', String(upstream.pid)], { stdio: 'ignore' });
  const router = await ours('router, stamp link', 'links', { ...job, upstreamPort: port }, 0);
  return { ...router, stop: async () => void (await router.stop(), await upstream.stop()) };
};

export const knownTargets = Object.keys(starts);

/** Starts one on a free port, pinned to the first CPU with all its threads. */
export const startTarget = async (name: string, upstreamPort: number, tenants: number): Promise<Target> => {
  const start = starts[name];
  if (!start) throw new Error(`no target "${name}": ${knownTargets.join(', ')}`);
  const target = await start({ port: await freePort(), upstreamPort, tenants });
  for (const pid of [target.pid, ...childrenOf(target.pid)]) execFileSync('taskset', ['-acp', '0', String(pid)], { stdio: 'ignore' });
  return target;
};

const childrenOf = (pid: number): string[] => {
  try {
    return execFileSync('cat', [`/proc/${pid}/task/${pid}/children`], { encoding: 'utf8' })
      .trim()
      .split(' ')
      .filter(Boolean);
  } catch {
    return [];
  }
};
