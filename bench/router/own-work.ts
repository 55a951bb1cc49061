/**
 * What a request costs outside of the kernel: its clients and front doors are played in the router's own process (own-work.c), so that what other programs do meanwhile matters
 * little. Builds are compared in turns, several starts of each, since two starts of one build differ by some hundredths:
 * `npm run bench:router-own -- --paths fast,public --roots .,../before --starts 3 --connections 64 --post 0`.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort } from '@lapidary/tools/local/free-port';
import { report } from '../report.ts';
import { compile } from './compile.ts';
import { tenants, usualAnswerBytes } from './shapes.ts';

/** V8 has what it optimises of the router by then. */
const warmRequests = 150_000;
/** Some fifty milliseconds: short beside what the scheduler gives to others in between. */
const roundRequests = 6_000;
/** Where own-work.c tells its figures. */
const toldOn = 3;
const pollMs = 2;

const { values } = parseArgs({
  options: {
    paths: { type: 'string', default: 'fast,public,floor' },
    roots: { type: 'string', default: '.' },
    starts: { type: 'string', default: '1' },
    connections: { type: 'string', default: '64' },
    post: { type: 'string', default: '0' },
    rounds: { type: 'string', default: '20' },
  },
});

const library = compile('own-work.c', 'own-work.so', ['-shared', '-fPIC']);
// Connections are real, though nothing is ever sent on them.
const upstream = createServer().listen(0, '127.0.0.1');
await once(upstream, 'listening');
const upstreamPort = (upstream.address() as AddressInfo).port;

/** One start of a build. */
class Subject {
  readonly samples: number[] = [];
  readonly name: string;
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;
  private readonly clients: Socket[] = [];

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.child = child;
    this.lines = createInterface(child.stdio[toldOn] as Readable)[Symbol.asyncIterator]();
  }

  /** `root`: of the worktree whose build it is. */
  static async start(path: string, root: string, name: string): Promise<Subject> {
    const port = await freePort();
    const [script, ...args] = path === 'floor' ? ['floor.ts', 'pass'] : ['our-router.ts', path];
    const numbers = [port, upstreamPort, values.connections, values.post, usualAnswerBytes, tenants, warmRequests, roundRequests];
    // Calls of io_uring pass the library by.
    const env = {
      ...process.env,
      NODE_ENV: 'production',
      UV_USE_IO_URING: '0',
      LD_PRELOAD: library,
      LAPIDARY_OWN_WORK: numbers.join(' '),
    };
    const child = spawn(
      process.execPath,
      [join(resolve(root), 'bench/router', script!), ...args, String(port), String(upstreamPort), String(tenants)],
      { stdio: ['ignore', 'ignore', 'inherit', 'pipe'], env },
    );
    const subject = new Subject(name, child);
    await subject.connect(port);
    await subject.told();
    return subject;
  }

  /** Goes on for a round. */
  async round(): Promise<void> {
    // It tells its figures before it stops itself.
    while (!readFileSync(`/proc/${this.child.pid}/stat`, 'utf8').split(') ')[1]!.startsWith('T')) await sleep(pollMs);
    this.child.kill('SIGCONT');
    this.samples.push(Number((await this.told()).split(' ')[0]));
  }

  stop(): void {
    this.child.kill('SIGKILL');
    for (const client of this.clients) client.destroy();
  }

  private async connect(port: number): Promise<void> {
    while (this.clients.length < Number(values.connections)) {
      const client = connect(port, '127.0.0.1');
      const isThere = await new Promise<boolean>((told) => client.once('connect', () => told(true)).on('error', () => told(false)));
      if (isThere) this.clients.push(client);
      else if (this.child.exitCode === null) await sleep(pollMs);
      else throw new Error(`${this.name} has ended`);
    }
  }

  private async told(): Promise<string> {
    const { value, done } = await this.lines.next();
    if (done === true) throw new Error(`${this.name} has ended`);
    return value;
  }
}

const subjects: Subject[] = [];
try {
  for (let start = 1; start <= Number(values.starts); start += 1)
    for (const path of values.paths.split(','))
      for (const root of values.roots.split(','))
        subjects.push(await Subject.start(path, root, `${path} of ${root}${start === 1 ? '' : `, start ${start}`}`));
  for (let round = 0; round < Number(values.rounds); round += 1)
    for (const subject of subjects.toSorted(() => Math.random() - 0.5)) await subject.round();
} finally {
  for (const subject of subjects) subject.stop();
}
const metric = `${values.connections} connections${values.post === '0' ? '' : `, POST ${values.post} bytes`}: first thread, outside of the kernel`;
report(
  'router-own',
  `npm run bench:router-own -- ${process.argv.slice(2).join(' ')}`.trimEnd(),
  subjects.map(({ name, samples }, i) => ({ subject: name, metric, unit: 'µs', samples, ...(i === 0 ? {} : { peer: subjects[0]!.name }) })),
);
process.exit();
