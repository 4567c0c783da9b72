/** Finds imports that a rule forbids. Pure: from a file's path and text to what is wrong with it. */
import { dirname, join } from 'node:path/posix';

import { type ImportRule, importRules } from './rules.ts';

export interface SourceFile {
  /** From the repository's root. */
  readonly path: string;
  readonly text: string;
}

const importing = /(?:^|[\s;}])(?:from|import)\s*\(?\s*'([^']+)'/gm;

/** Modules by their names, files by their paths from the root. */
export const importsOf = ({ path, text }: SourceFile): readonly string[] =>
  [...text.matchAll(importing)].map(([, name = '']) => (name.startsWith('.') ? join(dirname(path), name) : name));

export function forbiddenImports(file: SourceFile, rules: readonly ImportRule[] = importRules): readonly string[] {
  return importsOf(file).flatMap((name) =>
    rules
      .filter(({ what, allowed }) => what.test(name) && !allowed.test(file.path))
      .map(({ why }) => `${file.path} may not import ${name}: ${why}`),
  );
}
