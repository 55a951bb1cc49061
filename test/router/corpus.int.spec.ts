import { requestCases } from './corpus/requests.ts';
import { runRequestCase } from './run/run-request-case.ts';
import { waysIn, startSubject, type Subject } from './run/subject.ts';
import { lenient, strict } from './wire/habits.ts';

test('every case has a name of its own', () => {
  const names = requestCases.map((c) => `${c.group} ${c.id}`);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  expect(names.length).toBeGreaterThan(200);
});

describe.each(waysIn)('the %s path', (path) => {
  // What TLS wraps is the general path, which both have seen: the one that understands more shows more.
  describe.each(path === 'tls' ? [lenient] : [strict, lenient])('before a stamp that is $name', (habits) => {
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
