/** What a run of the tests comes to, in lines: what was left out and why, and at the end the summary. Pure. */
import { relative } from 'node:path';

/** Of vitest's JSON report, as far as it is read. */
export interface TestReport {
  readonly testResults: readonly {
    /** The file's whole path. */
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly title: string;
      readonly status: string;
    }[];
  }[];
}

export interface SummaryOptions {
  /** undefined when the runner wrote none. */
  readonly report: TestReport | undefined;
  /** Whether the runner itself ended well. */
  readonly ok: boolean;
  readonly root: string;
}

export interface Summary {
  /** A line for each test or group of tests that did not run; its title ends with the reason. */
  readonly skipped: readonly string[];
  /** `N passed, N failed[, N skipped]`. */
  readonly line: string;
}

export function summarise({ report, ok, root }: SummaryOptions): Summary {
  const files = report?.testResults ?? [];
  const count = (...wanted: readonly string[]): number =>
    files.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => wanted.includes(status)).length;
  // A file that cannot be loaded has no failed test in it, and is a failure all the same.
  const unloaded = files.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
  ).length;
  const failed = Math.max(count('failed') + unloaded, ok ? 0 : 1);
  const skipped = count(...notRun);
  return {
    skipped: files.flatMap(({ name, assertionResults }) => {
      const ran = new Set(
        assertionResults.filter(({ status }) => !notRun.includes(status)).map(({ ancestorTitles: [group] }) => group),
      );
      const titles = assertionResults
        .filter(({ status }) => notRun.includes(status))
        .map(({ ancestorTitles: [group], title }) => (group === undefined || ran.has(group) ? title : group));
      return [...new Set(titles)].map((title) => {
        const tests = titles.filter((one) => one === title).length;
        return `${relative(root, name)}: ${title}${tests > 1 ? ` (${tests} tests)` : ''}`;
      });
    }),
    line: `${count('passed')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
  };
}

const notRun: readonly string[] = ['pending', 'skipped', 'todo', 'disabled'];
