import { counted, filesToRunAgain, flakyLines, joined, secondRunFilesMax, type FailedFile, type RunReport } from './second-run.js';

const failedFile = (file: string, over: Partial<FailedFile> = {}): FailedFile => ({
  file,
  passed: 3,
  failed: 1,
  names: ['a test'],
  ...over,
});
const report = (files: readonly FailedFile[], over: Partial<RunReport> = {}): RunReport => ({
  passed: 100,
  failed: files.reduce((sum, { failed }) => sum + failed, 0),
  files,
  ...over,
});

describe('a failed run', () => {
  it('is followed by one of its failed files alone, where these are few and share the machine with others', () => {
    const files = [failedFile('apps/a.int.spec.ts'), failedFile('test/b.e2e.spec.ts')];
    expect(filesToRunAgain(report(files))).toEqual(['apps/a.int.spec.ts', 'test/b.e2e.spec.ts']);
  });

  it.each([
    ['a unit test failed', report([failedFile('apps/a.spec.ts')])],
    ['a unit test failed, too', report([failedFile('apps/a.int.spec.ts'), failedFile('apps/a.spec.ts')])],
    ['many files failed', report(Array.from({ length: secondRunFilesMax + 1 }, (_, i) => failedFile(`apps/${i}.int.spec.ts`)))],
    ['something failed that is in no file', report([failedFile('apps/a.int.spec.ts')], { failed: 2 })],
    ['nothing is known of what failed', report([], { failed: 1 })],
  ])('stands where %s', (_, of) => {
    expect(filesToRunAgain(of)).toEqual([]);
  });

  it('counts with its second run as one, each test once', () => {
    const first = report([failedFile('apps/a.int.spec.ts', { passed: 3, failed: 2 })], { passed: 100, failed: 2 });
    expect(counted(first, { passed: 5, failed: 0, files: [] })).toEqual({ passed: 102, failed: 0 });
    expect(counted(first, { passed: 4, failed: 1, files: [failedFile('apps/a.int.spec.ts')] })).toEqual({ passed: 101, failed: 1 });
  });

  it('is judged with the run beside it: a unit test that failed in one lets nothing of the other be run again', () => {
    const fleets = report([failedFile('test/b.e2e.spec.ts')], { passed: 40 });
    const green = report([], { passed: 60 });
    expect(filesToRunAgain(joined([green, fleets]))).toEqual(['test/b.e2e.spec.ts']);
    expect(joined([green, fleets])).toMatchObject({ passed: 100, failed: 1 });
    expect(filesToRunAgain(joined([report([failedFile('apps/a.spec.ts')]), fleets]))).toEqual([]);
    // One of the two ended before it could say anything.
    expect(filesToRunAgain(joined([{ passed: 0, failed: 1, files: [] }, fleets]))).toEqual([]);
  });

  it('tells by name what passed only alone', () => {
    const first = report([failedFile('apps/a.int.spec.ts', { failed: 2, names: ['one', 'two'] })]);
    const second = report([failedFile('apps/a.int.spec.ts', { names: ['two'] })]);
    expect(flakyLines(first, second)).toEqual(['flaky: failed beside others and passed alone: apps/a.int.spec.ts: one']);
  });
});
