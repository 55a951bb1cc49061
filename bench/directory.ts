/**
 * The router's directory with a million tenants: memory, look-ups, changes while the loop serves, and the start from the copy on
 * disk. Peers: a `Map` of objects in the same process; HAProxy's runtime map and nginx's reload for the same change of a route, where
 * these programs are to be had. LAPIDARY_BENCH_TENANTS makes it smaller.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEntry } from '@lapidary/router/directory/directory-entry';
import { DirectoryTable } from '@lapidary/router/directory/directory-table';
import { readDiskCopy, writeDiskCopy } from '@lapidary/router/directory/disk-copy';
import { Pace } from '@lapidary/router/directory/pace';
import { HaproxyRuntime } from '@lapidary/stampctl/directory/haproxy-runtime';
import { ensurePeer, type Peer } from '@lapidary/tools/peers/ensure-peer';
import { runPeer } from '@lapidary/tools/peers/run-peer';
import { root } from './own-fleet.ts';
import { report, type Measurement } from './report.ts';

const tenants = Number(process.env['LAPIDARY_BENCH_TENANTS'] ?? 1_000_000);
const lookUps = 65_536;
const rounds = 9;
const wantedChangesPerSecond = 100_000;
const changesForMs = 5_000;
/** Every tenth tenant has a host name of its own. */
const hostEach = 10;
const table1 = 'packed table';
const map1 = 'Map of objects';

const words = ['acme', 'globex', 'initech', 'umbrella', 'hooli', 'stark', 'wayne', 'wonka'];
const idOf = (i: number): string => `${words[i & 7]}-${(((i * 2_654_435_761) >>> 0) % 1e9).toString(36)}${i.toString(36)}`;
const pick = (n: number): number => (n * 48_271) % tenants;
const entryOf = (i: number, cursor: number, epoch: number) => {
  const tenant = idOf(i);
  const hosts = i % hostEach === 0 ? [`www.${tenant}.example.com`] : [];
  const body = { kind: 'tenant' as const, tenant, region: 'eu', status: 'placed' as const, stamp: `eu-${(i % 1000) + 1}`, epoch, hosts };
  return { key: `tenant/${tenant}`, cursor, committedAtMs: Date.now(), body };
};
const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** As ids come from a request: fresh strings, not those that were inserted. */
const askedIds = (prefix = ''): string[] =>
  Array.from({ length: lookUps }, (_, n) => Buffer.from(prefix + idOf(pick(n))).toString('latin1'));

const nsEach = (ids: readonly string[], look: (id: string) => unknown): number[] => {
  let found = 0;
  const samples: number[] = [];
  for (let round = 0; round < rounds + 3; round += 1) {
    const begun = performance.now();
    for (const id of ids) if (look(id) !== undefined) found += 1;
    // The first rounds are the compiler's.
    if (round >= 3) samples.push(((performance.now() - begun) / ids.length) * 1e6);
  }
  if (found !== 0 && found !== ids.length * (rounds + 3)) throw new Error('some look-ups found something, others nothing');
  return samples;
};

const fill = (): { table: DirectoryTable; insertUs: number } => {
  const table = new DirectoryTable('bench', tenants);
  const begun = performance.now();
  for (let i = 0; i < tenants; i += 1) table.apply(entryOf(i, i + 1, 1));
  return { table, insertUs: ((performance.now() - begun) / tenants) * 1000 };
};

const delays = async (forMs: number, work: () => Promise<void>): Promise<{ p99: number; max: number }> => {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  await Promise.all([work(), sleep(forMs)]);
  histogram.disable();
  // The timer's own millisecond is part of every value.
  return { p99: histogram.percentile(99) / 1e6 - 1, max: histogram.max / 1e6 - 1 };
};

/** Messages as they come from the stream, at the wanted rate, parsed, checked and applied as the router does. */
const changeWhileServing = async (table: DirectoryTable): Promise<Measurement[]> => {
  const total = (wantedChangesPerSecond * changesForMs) / 1000;
  const messages = Array.from({ length: total }, (_, n) => JSON.stringify(entryOf(pick(n), tenants + n + 1, 2)));
  const idle = await delays(changesForMs, () => Promise.resolve());
  const pace = new Pace();
  let applied = 0;
  const begun = performance.now();
  let tookMs = 0;
  const busy = await delays(changesForMs, async () => {
    while (applied < total) {
      const due = Math.min(total, ((performance.now() - begun) * wantedChangesPerSecond) / 1000);
      while (applied < due) {
        await pace.after(() => {
          const entry = parseEntry(JSON.parse(messages[applied]!));
          if (!entry || !table.apply(entry, Date.now())) throw new Error('a change was refused');
          applied += 1;
        });
      }
      await pace.giveWay();
    }
    tookMs = performance.now() - begun;
  });
  return [
    { subject: table1, metric: 'changes while serving', unit: '/s', samples: [(applied * 1000) / tookMs] },
    { subject: table1, metric: 'loop delay p99 added by them', unit: 'ms', samples: [busy.p99 - idle.p99] },
    { subject: table1, metric: 'longest loop delay', unit: 'ms', samples: [busy.max] },
  ];
};

const coldStart = async (table: DirectoryTable): Promise<Measurement[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'lapidary-bench-directory-'));
  const place = { file: join(folder, 'directory.copy'), region: 'eu', key: 'bench' };
  try {
    let writeMs = 0;
    const whileWriting = await delays(0, async () => {
      const begun = performance.now();
      await writeDiskCopy(place, table, () => Date.now());
      writeMs = performance.now() - begun;
    });
    const samples: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const begun = performance.now();
      const read = await readDiskCopy(place);
      samples.push(performance.now() - begun);
      if (!read.ok || read.copy.table.digest.root !== table.digest.root) throw new Error('the copy was not read back');
    }
    return [
      { subject: table1, metric: 'start from the copy on disk', unit: 'ms', samples },
      { subject: table1, metric: 'writing the copy', unit: 'ms', samples: [writeMs] },
      { subject: table1, metric: 'loop delay p99 while writing it', unit: 'ms', samples: [whileWriting.p99] },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const freePort = 28_471;
/** With a million lines HAProxy takes some 3 s to start and nginx 7 s on a quiet machine. */
const peerStartMsMax = 180_000;
const lines = (): string[] => Array.from({ length: tenants }, (_, i) => `${idOf(i)}.lapidary.localhost eu-${(i % 1000) + 1}`);

const haproxyMap = async (peer: Peer<'haproxy'>): Promise<Measurement[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'lapidary-bench-haproxy-'));
  const [map, socket] = [join(folder, 'tenants.map'), join(folder, 'admin.sock')];
  writeFileSync(map, `${lines().join('\n')}\n`);
  const config = [
    'global',
    `  stats socket ${socket} level admin`,
    'defaults',
    '  mode http',
    '  timeout client 5s',
    '  timeout connect 5s',
    '  timeout server 5s',
    'frontend f',
    `  bind 127.0.0.1:${freePort}`,
    `  http-request return status 200 content-type text/plain lf-string %[req.hdr(host),lower,map(${map},none)]`,
    '',
  ].join('\n');
  const running = await runPeer(peer, {
    folder,
    config,
    ready: { kind: 'tcp', host: '127.0.0.1', port: freePort },
    startMsMax: peerStartMsMax,
  });
  const runtime = new HaproxyRuntime(socket, map);
  try {
    const samples: number[] = [];
    for (let n = 0; n < 20; n += 1) {
      const begun = performance.now();
      await runtime.change({ add: [], set: [[`${idOf(pick(n))}.lapidary.localhost`, 'eu-9']], remove: [] });
      samples.push(performance.now() - begun);
    }
    return [{ subject: `HAProxy ${peer.version}: set map`, metric: 'one change', unit: 'ms', samples }];
  } finally {
    await running.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

const nginxReload = async (peer: Peer<'nginx'>): Promise<Measurement[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'lapidary-bench-nginx-'));
  const map = join(folder, 'tenants.map');
  const write = (first: string): void =>
    writeFileSync(map, `${[`changed.lapidary.localhost ${first};`, ...lines().map((l) => `${l};`)].join('\n')}\n`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `  ${kind}_temp_path ${folder}/${kind};`);
  const config = [
    'worker_processes 1;',
    `pid ${folder}/nginx.pid;`,
    'events {}',
    'http {',
    ...temporary,
    '  access_log off;',
    '  map_hash_bucket_size 128;',
    '  map_hash_max_size 4194304;',
    `  map $host $stamp { default none; include ${map}; }`,
    `  server { listen 127.0.0.1:${freePort}; location / { return 200 "$stamp"; } }`,
    '}',
    '',
  ].join('\n');
  write('first');
  const running = await runPeer(peer, {
    folder,
    config,
    ready: { kind: 'tcp', host: '127.0.0.1', port: freePort },
    startMsMax: peerStartMsMax,
  });
  // fetch would not send another Host than the address it asks.
  const answer = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const headers = { host: 'changed.lapidary.localhost' };
      get({ host: '127.0.0.1', port: freePort, headers, agent: false }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve(text)).on('error', reject);
      }).on('error', reject);
    });
  try {
    const samples: number[] = [];
    for (let n = 0; n < 3; n += 1) {
      write(`eu-${n}`);
      const begun = performance.now();
      process.kill(running.pid, 'SIGHUP');
      while ((await answer()) !== `eu-${n}`) await sleep(5);
      samples.push(performance.now() - begun);
    }
    return [{ subject: `nginx ${peer.version}: reload`, metric: 'one change', unit: 'ms', samples }];
  } finally {
    await running.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

const withPeer = async <N extends 'nginx' | 'haproxy'>(
  name: N,
  measure: (peer: Peer<N>) => Promise<Measurement[]>,
): Promise<Measurement[]> => {
  try {
    return await measure(await ensurePeer(name, root));
  } catch (error) {
    say(`${name} is left out: ${(error as Error).message}`);
    return [];
  }
};

const { table, insertUs } = fill();
say(`${tenants} tenants are in`);
const ids = askedIds();
const measured: Measurement[] = [
  { subject: table1, metric: 'memory', unit: 'MB', samples: [table.bytesUsed / 1e6], peer: map1 },
  { subject: table1, metric: 'look-up, found', unit: 'ns', samples: nsEach(ids, (id) => table.tenant(id)), peer: map1 },
  { subject: table1, metric: 'look-up, not found', unit: 'ns', samples: nsEach(askedIds('no-'), (id) => table.tenant(id)), peer: map1 },
  { subject: table1, metric: 'insert', unit: 'µs', samples: [insertUs] },
];
measured.push(...(await coldStart(table)));
say('the copy was read back');
measured.push(...(await changeWhileServing(table)));
say('changes were applied');

const oneChange: number[] = [];
for (let n = 0; n < 1000; n += 1) {
  const entry = entryOf(pick(n), 3 * tenants + 10_000_000 + n, 3);
  const begun = performance.now();
  table.apply(entry);
  if (table.tenant(entry.body.tenant)?.epoch !== 3) throw new Error('a change is not seen');
  oneChange.push(performance.now() - begun);
}
measured.push({ subject: table1, metric: 'one change', unit: 'ms', samples: oneChange });

const heapBefore = process.memoryUsage().heapUsed;
const map = new Map<string, unknown>();
for (let i = 0; i < tenants; i += 1) map.set(idOf(i), entryOf(i, i + 1, 1).body);
measured.push(
  { subject: map1, metric: 'memory', unit: 'MB', samples: [(process.memoryUsage().heapUsed - heapBefore) / 1e6] },
  { subject: map1, metric: 'look-up, found', unit: 'ns', samples: nsEach(ids, (id) => map.get(id)) },
  { subject: map1, metric: 'look-up, not found', unit: 'ns', samples: nsEach(askedIds('no-'), (id) => map.get(id)) },
);
map.clear();

const others = [...(await withPeer('haproxy', haproxyMap)), ...(await withPeer('nginx', nginxReload))];
report('directory', 'npm run bench:directory', [...measured, ...others.map((m) => ({ ...m, peer: table1 }))]);
