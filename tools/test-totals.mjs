// @ts-check

/**
 * The part of vitest's JSON report that is counted.
 * @typedef {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number,
 *   testResults: readonly { status: string, assertionResults: readonly { status: string }[] }[] }} VitestReport
 * @typedef {{ passed: number, failed: number, skipped: number }} Totals
 */

/**
 * Counts a report. A file that could not even be loaded is one failure; so is a run that left no report.
 * @param {VitestReport | undefined} report
 * @returns {Totals}
 */
export function totalsOf(report) {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/**
 * The plain closing line: `N passed, N failed`, and `, N skipped` where tests were skipped.
 * @param {Totals} totals
 */
export const closingLine = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
