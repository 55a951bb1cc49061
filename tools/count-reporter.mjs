import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * jest reporter whose only line is the plain count that CI reads. A suite that could not run at all (a syntax error, a failed
 * setup) counts as one failure, else a broken import would look like a smaller but green run. Printed when the process ends:
 * the default reporter writes its summary before, and notes such as "Ran all test suites" would otherwise follow.
 *
 * It also holds tests to what they declare to show (libs/testing/src/proves.ts): of each file that ran, every declared proof must be
 * among the tests that passed, else the run fails. A run of chosen names can't tell.
 *
 * Where LAPIDARY_TEST_REPORT names a file, it leaves there what failed (RunReport of tools/ci/second-run.ts).
 */
export default class CountReporter {
  #unproved = [];
  #wholeFiles;

  constructor({ testNamePattern }) {
    this.#wholeFiles = !testNamePattern;
  }

  async onTestResult(test, { testResults, testExecError }) {
    if (!this.#wholeFiles || testExecError) return;
    const text = readFileSync(test.path, 'utf8');
    if (!text.includes('proves(')) return;
    const { declaredProofs, unproved } = await import('./dist/gen/declared-proofs.js');
    const passed = testResults.filter(({ status }) => status === 'passed').map(({ title }) => title);
    const file = path.relative(path.dirname(import.meta.dirname), test.path);
    this.#unproved.push(...unproved(declaredProofs(file, text), passed));
  }

  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites + (results.runExecError ? 1 : 0);
    for (const { file, title } of this.#unproved)
      process.stderr.write(`docs/reference/what-works-when.md says what this run did not show: ${file}: ${title}\n`);
    const report = process.env['LAPIDARY_TEST_REPORT'];
    if (report) writeFileSync(report, JSON.stringify(this.#reportOf(results, failed)));
    process.once('exit', () => process.stdout.write(`${results.numPassedTests} passed, ${failed + this.#unproved.length} failed\n`));
  }

  /** A declared proof that was not shown is its file's failure where a test of it failed; else it is in no file, since that is no matter of chance. */
  #reportOf({ numPassedTests, testResults }, failed) {
    const files = testResults
      .filter(({ numFailingTests, testExecError }) => numFailingTests > 0 || testExecError)
      .map(({ testFilePath, numPassingTests, numFailingTests, testResults: tests }) => ({
        file: path.relative(path.dirname(import.meta.dirname), testFilePath),
        passed: numPassingTests,
        failed: numFailingTests || 1,
        names: tests.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
      }));
    const elsewhere = this.#unproved.filter((proof) => files.every(({ file }) => file !== proof.file));
    return { passed: numPassedTests, failed: failed + elsewhere.length, files };
  }

  getLastError() {
    if (this.#unproved.length > 0) return new Error(`${this.#unproved.length} declared proofs were not shown`);
  }
}
