/**
 * `npm run bench:replication -- --items 2000 --changes 500 --rounds 5 [--peers postgres,pouchdb,automerge-repo,yjs]`: two replicas are
 * cut apart, each is written to, and the wire is made whole: how long until both show the same, over how many bytes. The same items
 * and changes for everybody, rounds by turns, equal means what users read, not that replication says it is done.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { canonicalJson } from '@lapidary/kernel/canonical-json';
import { report, type Measurement } from '../report.ts';
import { automergeRepo } from './automerge-repo.ts';
import { ensureNpmPeers } from './npm-peers.ts';
import { ours } from './ours.ts';
import { postgres } from './postgres.ts';
import { pouchdb } from './pouchdb.ts';
import { processorTime, usedSince } from '../processor-time.ts';
import type { Subject } from './subject.ts';
import { bareBytes, changesOf, itemsOf } from './workload.ts';
import { yjs } from './yjs.ts';

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '2000' },
    changes: { type: 'string', default: '500' },
    rounds: { type: 'string', default: '5' },
    peers: { type: 'string', default: 'postgres,pouchdb,automerge-repo,yjs' },
  },
});
const [n, k, rounds] = [Number(values.items), Number(values.changes), Number(values.rounds)];
const makers: Readonly<Record<string, () => Subject>> = { postgres, pouchdb, 'automerge-repo': automergeRepo, yjs };
/** A look costs each side some 5 ms; oftener, the measuring would be a good part of what is measured. */
const lookEveryMs = 25;
const convergeMsMax = 180_000;
const say = (line: string): void => void process.stderr.write(`${line}\n`);

interface Figures {
  readonly ms: number[];
  readonly bytes: number[];
  /** Of all processes together, by program: as good on a busy machine as on a quiet one. Where others run it holds what they do meanwhile, which is little. */
  readonly cpu: ReadonlyMap<string, number>[];
  /** Items that the two sides go on showing differently. */
  readonly diverged: number[];
  readonly conflicts: (number | null)[];
}

const oneRound = async (subject: Subject, round: number, figures: Figures): Promise<void> => {
  const changes = changesOf(n, k, round);
  await subject.cut();
  await Promise.all([subject.write(0, changes[0]), subject.write(1, changes[1])]);
  const before = subject.bytes();
  const cpuBefore = processorTime();
  const startedMs = performance.now();
  await subject.heal();
  while (!(await subject.same())) {
    if (performance.now() - startedMs > convergeMsMax) throw new Error(`${subject.name}: not the same after ${convergeMsMax / 1_000} s`);
    await sleep(lookEveryMs);
  }
  figures.ms.push(performance.now() - startedMs);
  figures.cpu.push(usedSince(cpuBefore));
  figures.bytes.push((subject.bytes() - before) / (2 * k));
  const [one, other] = [await subject.read(0), await subject.read(1)];
  figures.diverged.push([...one].filter(([id, item]) => canonicalJson(item) !== canonicalJson(other.get(id) ?? {})).length);
  figures.conflicts.push(await subject.conflicts());
};

const subjects = [ours()];
for (const name of values.peers.split(',').filter(Boolean)) {
  const make = makers[name];
  if (make === undefined) throw new Error(`--peers: ${name}; there are ${Object.keys(makers).join(', ')}`);
  subjects.push(make());
}
await ensureNpmPeers();
const running: { subject: Subject; figures: Figures }[] = [];
try {
  for (const subject of subjects) {
    say(`${subject.name} takes ${n} items`);
    try {
      await subject.start(itemsOf(n));
      running.push({ subject, figures: { ms: [], bytes: [], cpu: [], diverged: [], conflicts: [] } });
    } catch (error) {
      // A peer that can't be had is said by name; ours must run.
      if (running.length === 0) throw error;
      say(`${subject.name} is left out: ${String(error)}`);
    }
  }
  for (let round = 0; round < rounds; round += 1) {
    say(`round ${round + 1} of ${rounds}`);
    for (const { subject, figures } of running) await oneRound(subject, round, figures);
  }
} finally {
  for (const { subject } of running) await subject.stop();
}

/** Of each program that took a tenth of a ms in some round. */
const programs = (samplesOf: readonly ReadonlyMap<string, number>[]): [string, number[]][] =>
  [...new Set(samplesOf.flatMap((of) => [...of.keys()]))]
    .map((name): [string, number[]] => [name, samplesOf.map((of) => of.get(name) ?? 0)])
    .filter(([, samples]) => Math.max(...samples) >= 0.1);

const peers = running.slice(1).map(({ subject }) => subject.name);
const bare = bareBytes(changesOf(n, k, 0).flat()) / (2 * k);
const measurements = running.flatMap(({ subject, figures }, i): Measurement[] => {
  const compared = i === 0 ? { peer: peers } : {};
  return [
    { subject: subject.name, metric: 'same on both sides after', unit: 'ms', samples: figures.ms, ...compared },
    { subject: subject.name, metric: 'on the wire', unit: 'B/change', samples: figures.bytes, ...compared },
    ...programs(figures.cpu).map(([program, samples]) => ({
      subject: subject.name,
      metric: `processor time of ${program}`,
      unit: 'ms',
      samples,
    })),
    { subject: subject.name, metric: 'items left different', unit: '', samples: figures.diverged },
  ];
});
const command = `npm run bench:replication -- --items ${n} --changes ${k} --rounds ${rounds} --peers ${values.peers}`;
report('replication', command, [...measurements, { subject: 'the bare change', metric: 'on the wire', unit: 'B/change', samples: [bare] }]);
for (const { subject, figures } of running)
  process.stdout.write(
    `${subject.name}: keeps ${subject.keeps}; items with a loser to look at: ${figures.conflicts.at(-1) ?? 'not kept'}\n`,
  );
process.exit(0);
