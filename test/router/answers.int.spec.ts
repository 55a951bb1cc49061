import { answerCases } from './corpus/answers.ts';
import { runAnswerCase } from './run/run-answer-case.ts';
import { startSubject, waysIn, type Subject } from './run/subject.ts';
import { strict } from './wire/habits.ts';

test('every case has a name of its own', () => {
  const names = answerCases.map((c) => `${c.group} ${c.id}`);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  expect(names.length).toBeGreaterThan(60);
});

describe.each(waysIn)('by the way "%s", with a stamp that answers', (path) => {
  let subject: Subject;
  beforeAll(async () => {
    subject = await startSubject(path, strict);
  });
  afterAll(() => subject.close());

  it.each(answerCases)('$group: $id ($source)', async (one) => {
    expect(await runAnswerCase(subject, one)).toEqual([]);
  });
});
