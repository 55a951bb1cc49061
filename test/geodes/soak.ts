import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { waitFor } from '@lapidary/kernel/wait-for';
import { apartAndTogether, furnishGeodes } from './apart-and-together.js';
import { Geodes } from './geodes.js';
import type { WireState } from './wire.js';

/**
 * `npm run soak:geodes -- --writes 10000 --minutes 3`: three regions with their own databases and streams are cut apart, written to
 * in each, and joined; once left alone, once with everything killed meanwhile. Prints how long it takes them to show the same.
 */
const { values } = parseArgs({
  options: {
    writes: { type: 'string', default: '10000' },
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
  },
});
const [writes, minutes, seed] = [Number(values.writes), Number(values.minutes), Number(values.seed)];
const regions = ['eu', 'us', 'ap'];
const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** From the moment that the wire is whole until a write of the cut is read on the other side. */
const resumesMs = async (geodes: Geodes, cut: Exclude<WireState, 'open'>, id: string): Promise<number> => {
  geodes.breakAll(cut);
  await geodes.client('eu').put('orders', id, { from: 'eu' });
  // A link that is silent must have been given up on, and be at its longest pause between tries.
  await sleep(15_000);
  const startedMs = performance.now();
  geodes.breakAll('open');
  await waitFor('the write', async () => (await geodes.client('us').read('orders', id)) ?? undefined, {
    timeoutMs: 60_000,
    intervalMs: 10,
  });
  return performance.now() - startedMs;
};

const geodes = await Geodes.start('soak', regions);
let failed = false;
try {
  print(`three regions run; their logs are in ${geodes.logFolder()}`);
  const done = await furnishGeodes(geodes);
  for (const cut of ['cut', 'black-hole'] as const) {
    const times: number[] = [];
    for (let i = 0; i < 5; i += 1) times.push(await resumesMs(geodes, cut, `resume-${cut}-${i}`));
    for (let i = 0; i < 5; i += 1) done.orders.set(`resume-${cut}-${i}`, { from: 'eu' });
    const sorted = times.map(Math.round).sort((a, b) => a - b);
    print(`resumes after ${cut}: median ${sorted[2]} ms, most ${sorted[4]} ms`);
  }
  for (const [i, killed] of [[], ['control-plane', 'nats', 'postgres', 'control-plane'] as const].entries()) {
    const cut = i === 0 ? 'cut' : 'black-hole';
    const outcome = await apartAndTogether(geodes, done, { seed: seed + i, cut, writes, apartMs: minutes * 60_000, killed, note: print });
    const { figures } = outcome;
    print(
      `${cut}${killed.length > 0 ? ', everything killed twice' : ''}: ${figures.writes} writes in ${(figures.apartMs / 1_000).toFixed(0)} s apart; ` +
        `the same everywhere ${(figures.convergedMs / 1_000).toFixed(1)} s after the wires were whole, ${(figures.bytes / 1_024 / 1_024).toFixed(1)} MiB over them`,
    );
    for (const [region, what] of outcome.missing) {
      print(`  ${region}: ${what.length === 0 ? 'nothing lost' : `${what.length} wrong, such as: ${what.slice(0, 5).join('; ')}`}`);
      failed ||= what.length > 0;
    }
  }
} finally {
  await geodes.stop();
}
process.exit(failed ? 1 : 0);
