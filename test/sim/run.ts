import { parseArgs } from 'node:util';
import { plantedBugs, type PlantedBug } from './planted-bugs.ts';
import { SimWorld } from './sim-world.ts';

/** `npm run sim -- [--seeds N] [--seed X] [--bug NAME]`: N worlds from seed X on. Exit code 1 where one was found wrong; its seed replays it. */
const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '1' }, seed: { type: 'string', default: '1' }, bug: { type: 'string' } },
});
const [first, count] = [Number(values.seed), Number(values.seeds)];
const bug = values.bug !== undefined && Object.hasOwn(plantedBugs, values.bug) ? (values.bug as PlantedBug) : null;
const reached = new Map<string, number>();
const failed: number[] = [];
const startedMs = Date.now();
for (let seed = first; seed < first + count; seed++) {
  const lived = await new SimWorld(seed, bug).live();
  for (const what of lived.reached) reached.set(what, (reached.get(what) ?? 0) + 1);
  if (lived.findings.length === 0) continue;
  failed.push(seed);
  process.stdout.write(
    `seed ${seed}:\n${lived.findings
      .slice(0, 10)
      .map((f) => `  ${f}`)
      .join('\n')}\n`,
  );
}
const seconds = (Date.now() - startedMs) / 1000;
for (const [what, worlds] of [...reached].sort()) process.stdout.write(`${String(worlds).padStart(8)}  ${what}\n`);
process.stdout.write(
  `${count} worlds in ${seconds.toFixed(1)} s, ${failed.length} found wrong${failed.length > 0 ? `: ${failed.slice(0, 20).join(' ')}` : ''}\n`,
);
process.exitCode = failed.length > 0 ? 1 : 0;
