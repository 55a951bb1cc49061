/** Memory of the router over many requests: `npm run bench:router-flat -- --requests 10000000`. As fast as 64 connections ask, all tenants in turn. */
import { parseArgs } from 'node:util';
import { freePort } from '@lapidary/tools/local/free-port';
import { report } from '../report.ts';
import { residentMegabytes } from './cpu.ts';
import { buildLoad, runLoad } from './load.ts';
import { shapes, tenants } from './shapes.ts';
import { startTarget } from './targets.ts';

const { values } = parseArgs({ options: { requests: { type: 'string', default: '10000000' } } });
const wanted = Number(values.requests);
/** Until then caches fill and the heap takes its size: a tenth of the run, or what the long one needs for it. */
const settled = Math.min(wanted / 10, 500_000);

buildLoad();
const upstreamPort = await freePort();
const target = await startTarget('fast', upstreamPort, tenants);
try {
  const first: number[] = [];
  const later: number[] = [];
  let [done, errors] = [0, 0];
  while (done < wanted) {
    const result = await runLoad(target.port, upstreamPort, shapes[0]!.load);
    done += result.requests;
    errors += result.errors + result.refused;
    (done < 2 * settled ? first : later).push(residentMegabytes(target.pid));
  }
  const half = later.slice(Math.floor(later.length / 2));
  report('router-flat', `npm run bench:router-flat -- --requests ${wanted}`, [
    { subject: 'router', metric: `resident, until ${2 * settled} requests`, unit: 'MB', samples: first },
    { subject: 'router', metric: `resident, second half of ${wanted}`, unit: 'MB', samples: half.length > 0 ? half : first },
    { subject: 'router', metric: 'errors', unit: '', samples: [errors] },
  ]);
} finally {
  await target.stop();
}
