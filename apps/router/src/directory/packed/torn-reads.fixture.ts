import { parentPort, workerData } from 'node:worker_threads';
import type { TenantGlance } from '../../pipeline/locate.js';
import { PackedReader } from './packed-reader.js';

/** For tests: a thread that reads as fast as it can and says what it saw that no writer ever wrote. */
export interface TornReads {
  readonly memory: SharedArrayBuffer;
  /** 1 while reading is to go on. */
  readonly going: Int32Array;
  readonly tenants: number;
}

export interface TornReadsFound {
  readonly arch: string;
  readonly reads: number;
  readonly changesSeen: number;
  readonly problems: string[];
}

/** What belongs to an epoch, so that a mixture of two can be told. */
export const stampOfEpoch = (epoch: number): string => `eu-${(epoch % 40) + 1}`;
export const hostOfEpoch = (tenant: number, epoch: number): string => `${'x'.repeat(epoch % 5)}e${epoch}.h${tenant}.example`;

export const readUntilTold = ({ memory, going, tenants }: TornReads): TornReadsFound => {
  const reader = new PackedReader(memory);
  const lastEpochs = new Array<number>(tenants).fill(0);
  const problems: string[] = [];
  const glance: TenantGlance = { head: 0, home: 0, epoch: 0 };
  let reads = 0;
  let changesSeen = 0;
  let version = 0;
  while (Atomics.load(going, 0) === 1 && problems.length < 20) {
    const n = reads % tenants;
    reads += 1;
    const found = reader.tenant(`t${n}`);
    const epoch = found?.epoch ?? -1;
    const last = lastEpochs[n]!;
    if (!found) problems.push(`t${n} is unknown`);
    else if (found.tenant !== `t${n}` || found.stamp !== stampOfEpoch(epoch) || found.region !== 'eu' || found.status !== 'placed')
      problems.push(`t${n} is mixed: ${JSON.stringify(found)}`);
    else if (found.hosts.join() !== [`www.h${n}.example`, hostOfEpoch(n, epoch)].join())
      problems.push(`t${n} at ${epoch} has hosts ${found.hosts.join()}`);
    else if (epoch < last) problems.push(`t${n} went back from ${last} to ${epoch}`);
    if (epoch > last) changesSeen += 1;
    lastEpochs[n] = epoch;
    // The routes that are kept are compared by it.
    if (!reader.glance(`t${n}`, glance)) problems.push(`a glance at t${n} finds nobody`);
    else if (reader.stampNames.text(glance.head >>> 16) !== stampOfEpoch(glance.epoch))
      problems.push(`a glance at t${n} is mixed: ${JSON.stringify(glance)}`);
    else if (glance.epoch < epoch) problems.push(`a glance at t${n} went back from ${epoch} to ${glance.epoch}`);
    const holder = reader.tenantOfHost(`www.h${n}.example`);
    if (holder !== `t${n}`) problems.push(`the host of t${n} is ${holder}’s`);
    const now = reader.version;
    if (now < version) problems.push(`the version went back from ${version} to ${now}`);
    version = now;
  }
  return { arch: process.arch, reads, changesSeen, problems };
};

if (parentPort) parentPort.postMessage(readUntilTold(workerData as TornReads));
