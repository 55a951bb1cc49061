import { requestCases } from './corpus/requests.ts';
import { randomFrom } from './run/random.ts';
import { runRequestCase } from './run/run-request-case.ts';
import { singleBytes, someSplits } from './run/splits.ts';
import { startSubject, waysIn, type Subject } from './run/subject.ts';
import { strict } from './wire/habits.ts';

/** `npm run conformance:splits` runs every split; here a few of each, other ones in every run. */
const seed = Date.now() % 1_000_000;
const splitsPerCase = 3;
/** A byte at a time takes two turns of the event loop for each. */
const singleBytesMax = 250;

describe.each(waysIn.filter((way) => way !== 'net' && way !== 'links'))('by the way "%s", bytes arriving in pieces', (path) => {
  let subject: Subject;
  beforeAll(async () => {
    subject = await startSubject(path, strict);
  });
  afterAll(() => subject.close());

  const groups = [...new Set(requestCases.map((c) => c.group))];
  it.each(groups)(`%s: the outcome is that of the whole, wherever it is cut (seed ${seed})`, async (group) => {
    const problems: string[] = [];
    const random = randomFrom(seed);
    for (const one of requestCases.filter((c) => c.group === group)) {
      const splits = someSplits(one.bytes, random, splitsPerCase);
      if (one.bytes.length <= singleBytesMax) splits.push(singleBytes(one.bytes));
      for (const parts of splits) {
        const found = await runRequestCase(subject, one, parts);
        if (found.length > 0) problems.push(`${one.id}, parts of ${parts.map((p) => p.length).join('+')}: ${found.join('; ')}`);
      }
    }
    expect(problems).toEqual([]);
  });
});
