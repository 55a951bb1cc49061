/** What a run of the tests left to be told of it (tools/count-reporter.mjs), by file from the root. */
export interface RunReport {
  readonly passed: number;
  readonly failed: number;
  readonly files: readonly FailedFile[];
}

export interface FailedFile {
  readonly file: string;
  /** Of its tests; it may have failed as a whole. */
  readonly passed: number;
  readonly failed: number;
  readonly names: readonly string[];
}

/** More than this is no chance meeting of tests on a busy machine. */
export const secondRunFilesMax = 2;
/** Whole fleets and servers as processes, beside another file's: what failed there may be the machine's. A unit test has no such excuse. */
const mayRunAgain = /\.(int|e2e)\.spec\.ts$/;

/** Runs beside each other as one. */
export const joined = (reports: readonly RunReport[]): RunReport => ({
  passed: reports.reduce((sum, { passed }) => sum + passed, 0),
  failed: reports.reduce((sum, { failed }) => sum + failed, 0),
  files: reports.flatMap(({ files }) => files),
});

/** The files of a failed run that are run once more, alone; none: the failure stands. */
export const filesToRunAgain = ({ failed, files }: RunReport): readonly string[] => {
  const told = files.reduce((sum, file) => sum + file.failed, 0);
  const isAll = files.length > 0 && told === failed;
  return isAll && files.length <= secondRunFilesMax && files.every(({ file }) => mayRunAgain.test(file))
    ? files.map(({ file }) => file)
    : [];
};

/** Both runs as one: what passed at last has passed. */
export const counted = (first: RunReport, second: RunReport): { readonly passed: number; readonly failed: number } => ({
  passed: first.passed - first.files.reduce((sum, { passed }) => sum + passed, 0) + second.passed,
  failed: second.failed,
});

/** A line for each test that failed beside others and passed alone: it is to be mended like one that fails. */
export const flakyLines = (first: RunReport, second: RunReport): readonly string[] => {
  const still = new Set(second.files.flatMap(({ file, names }) => names.map((name) => `${file}: ${name}`)));
  return first.files
    .flatMap(({ file, names }) => names.map((name) => `${file}: ${name}`))
    .filter((test) => !still.has(test))
    .map((test) => `flaky: failed beside others and passed alone: ${test}`);
};
