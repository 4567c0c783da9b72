/**
 * Imports that are forbidden, each with its reason, where project references cannot say it: they hold the arrows between
 * rooms, and that `core` has no Node types. A path is one of this repository's, a module is named as it is imported.
 */

export interface ImportRule {
  /** What is imported: a module's name, or a path from the repository's root. */
  readonly what: RegExp;
  /** Who may. */
  readonly allowed: RegExp;
  readonly why: string;
}

/** Tests, contract suites and what serves them. */
const test = String.raw`^test/|\.(test|suite)\.ts$|/testing/|^vitest\.config`;
const or = (...sources: readonly string[]): RegExp => new RegExp(sources.join('|'));

export const importRules: readonly ImportRule[] = [
  {
    what: /^koffi$/,
    allowed: or('^src/linux/ffi/koffi\\.ts$'),
    why: 'a wrong pointer ends the process: one file holds whatever can go wrong so',
  },
  {
    what: /^src\/lab\//,
    allowed: or('^src/lab/', '^src/cli/', '^scripts/', test),
    why: 'what runs on AWS must not be able to tell whether it is in the lab',
  },
  {
    what: or('/testing/', String.raw`\.(test|suite)\.ts$`, '^vitest'),
    allowed: or('^bench/', test),
    why: 'doubles and suites are no part of what is shipped',
  },
  {
    what: /^src\/linux\/(?!(port|kernel|errors)\.ts$|testing\/)/,
    allowed: or('^src/linux/', '^bench/', test),
    why: 'other rooms ask the kernel through its port, which the fake implements as well',
  },
  {
    what: /^node:child_process$/,
    allowed: or('^src/lab/', '^src/cli/', '^scripts/', '^bench/', test),
    why: 'nothing is forked on a pod’s path: a fork costs more than all the rest of it',
  },
  {
    what: /^@aws-sdk\//,
    allowed: or('^src/aws/', '^src/lab/', '^scripts/', test),
    why: 'one place of what runs on AWS knows EC2’s wire, its errors and what its calls cost',
  },
  {
    what: /^@kubernetes\/client-node$/,
    allowed: /(?!)/,
    why: 'it costs 400 ms and 80 MB to load; src/kube is what we use of Kubernetes',
  },
];
