/**
 * Every case of the corpus, cut in two at every byte, and a byte at a time: `npm run conformance:splits`. Long cases, whose
 * length is all that is special about them, are cut at sampled places.
 */
import { requestCases } from './corpus/requests.ts';
import { randomFrom } from './run/random.ts';
import { runRequestCase } from './run/run-request-case.ts';
import { everySplit, singleBytes, someSplits } from './run/splits.ts';
import { routerPaths, startSubject } from './run/subject.ts';
import { strict } from './wire/habits.ts';

/** Above this a case is long by repetition: every one of 20,000 cuts would find the same. */
const wholeBytesMax = 1_000;
const sampledSplits = 40;

let failed = 0;
for (const path of routerPaths) {
  const subject = await startSubject(path, strict);
  let runs = 0;
  for (const one of requestCases) {
    const long = one.bytes.length > wholeBytesMax;
    const splits = long ? someSplits(one.bytes, randomFrom(1), sampledSplits) : [...everySplit(one.bytes), singleBytes(one.bytes)];
    for (const parts of splits) {
      runs += 1;
      const problems = await runRequestCase(subject, one, parts);
      if (problems.length === 0) continue;
      failed += 1;
      process.stdout.write(`${one.group}: ${one.id}, parts of ${parts.map((p) => p.length).join('+')}: ${problems.join('; ')}\n`);
    }
  }
  await subject.close();
  process.stdout.write(`${path} path: ${runs} splits of ${requestCases.length} cases, ${failed} with another outcome than the whole\n`);
}
process.exitCode = failed === 0 ? 0 : 1;
