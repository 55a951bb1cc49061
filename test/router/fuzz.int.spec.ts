import { fuzzOnce, inputOf } from './fuzz/fuzz-router.ts';
import { NodeOracle } from './fuzz/read-by-node.ts';
import { routerPaths, startSubject } from './run/subject.ts';
import { lenient, strict } from './wire/habits.ts';

/** Other inputs in every run; `npm run fuzz:router -- --seed <n>` runs one again, without a number it goes on for minutes. */
const first = Date.now() % 2_000_000_000;
const inputs = 300;
/** Of which something was told once, right or wrong: a path with a tenant's prefix that another host's request keeps. */
const past = [1_780_533_375];
const seeds = [...past, ...Array.from({ length: inputs }, (_, i) => first + i)];

describe.each(routerPaths)('mutated requests on the %s path', (path) => {
  it.each([strict, lenient])('never reach a stamp that is $name as something that two servers read differently', async (habits) => {
    const subject = await startSubject(path, habits);
    const oracle = new NodeOracle();
    const findings: string[] = [];
    for (const seed of seeds) {
      const problems = await fuzzOnce(subject, oracle, seed);
      if (problems.length > 0) findings.push(`seed ${seed}: ${problems.join('; ')} of ${JSON.stringify(inputOf(seed).parts)}`);
    }
    await subject.close();
    expect(findings).toEqual([]);
  });
});
