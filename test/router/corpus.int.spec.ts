import { requestCases } from './corpus/requests.ts';
import { runRequestCase } from './run/run-request-case.ts';
import { waysIn, startSubject, type Subject } from './run/subject.ts';
import { lenient, strict } from './wire/habits.ts';

test('every case has a name of its own', () => {
  const names = requestCases.map((c) => `${c.group} ${c.id}`);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  expect(names.length).toBeGreaterThan(200);
});

describe.each(waysIn)('by the way "%s"', (path) => {
  // What stands before a path doesn't know of habits: there the stamp that understands more shows more.
  describe.each(path === 'fast' || path === 'general' ? [strict, lenient] : [lenient])('before a stamp that is $name', (habits) => {
    let subject: Subject;
    beforeAll(async () => {
      subject = await startSubject(path, habits);
    });
    afterAll(() => subject.close());

    it.each(requestCases)('$group: $id ($source)', async (one) => {
      expect(await runRequestCase(subject, one)).toEqual([]);
    });
  });
});
