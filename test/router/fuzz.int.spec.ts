import { fuzzOnce, inputOf } from './fuzz/fuzz-router.ts';
import { NodeOracle } from './fuzz/read-by-node.ts';
import { routerPaths, startSubject } from './run/subject.ts';
import { lenient, strict } from './wire/habits.ts';

/** Other inputs in every run; `npm run fuzz:router -- --seed <n>` runs one again, without a number it goes on for minutes. */
const first = Date.now() % 2_000_000_000;
const inputs = 300;

describe.each(routerPaths)('mutated requests on the %s path', (path) => {
  it.each([strict, lenient])('never reach a stamp that is $name as something that two servers read differently', async (habits) => {
    const subject = await startSubject(path, habits);
    const oracle = new NodeOracle();
    const findings: string[] = [];
    for (let seed = first; seed < first + inputs; seed++) {
      const problems = await fuzzOnce(subject, oracle, seed);
      if (problems.length > 0) findings.push(`seed ${seed}: ${problems.join('; ')} of ${JSON.stringify(inputOf(seed).parts)}`);
    }
    await subject.close();
    expect(findings).toEqual([]);
  });
});
