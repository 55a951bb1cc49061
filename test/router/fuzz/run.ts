/**
 * Mutated requests through the router for as long as told: `npm run fuzz:router -- --seconds 600`. A finding is told with its
 * seed; `--seed <n>` runs that input alone.
 */
import { parseArgs } from 'node:util';
import { routerPaths, startSubject } from '../run/subject.ts';
import { lenient, strict } from '../wire/habits.ts';
import { fuzzOnce, inputOf } from './fuzz-router.ts';
import { NodeOracle } from './read-by-node.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '120' }, seed: { type: 'string' } } });
const oracle = new NodeOracle();
const single = values.seed === undefined ? undefined : Number(values.seed);
const first = single ?? Date.now() % 2_000_000_000;
/** After as many the cause is known, or there are too many to read. */
const findingsMax = 20;

let findings = 0;
for (const path of routerPaths) {
  for (const habits of [strict, lenient]) {
    const subject = await startSubject(path, habits);
    const until = performance.now() + (Number(values.seconds) * 1000) / routerPaths.length / 2;
    let seed = first;
    for (; single === undefined ? performance.now() < until : seed === first; seed++) {
      const problems = await fuzzOnce(subject, oracle, seed);
      if (problems.length === 0) continue;
      findings += 1;
      process.stdout.write(`seed ${seed}: ${problems.join('; ')}\n  ${JSON.stringify(inputOf(seed).parts)}\n`);
      if (findings >= findingsMax) break;
    }
    process.stdout.write(`${path} path, ${habits.name} stamp: ${seed - first} inputs from seed ${first}, ${findings} findings so far\n`);
    await subject.close();
  }
}
process.exitCode = findings === 0 ? 0 : 1;
