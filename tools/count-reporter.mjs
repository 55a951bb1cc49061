/**
 * jest reporter whose only line is the plain count that CI reads. A suite that could not run at all (a syntax error, a failed
 * setup) counts as one failure, else a broken import would look like a smaller but green run. Printed when the process ends:
 * the default reporter writes its summary before, and notes such as "Ran all test suites" would otherwise follow.
 */
export default class CountReporter {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites + (results.runExecError ? 1 : 0);
    process.once('exit', () => process.stdout.write(`${results.numPassedTests} passed, ${failed} failed\n`));
  }
}
