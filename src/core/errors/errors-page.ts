/** `docs/errors.md` as the catalogue makes it. A test keeps the page the same: `vitest run -u` writes it anew. */
import { type CatalogueEntry, type Fault, catalogue } from './catalogue.ts';

const faults: Readonly<Record<Fault, string>> = { user: 'yours', system: 'the cluster’s', cloud: 'the cloud’s' };

export function errorsPage(): string {
  const rows = Object.entries(catalogue)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, entry]) => row(code, entry));
  return `# Errors

Every error carries one of these codes, at the end of its message and as \`code\` where a program reads it. A code never
changes its meaning. "Retried" says whether the same attempt, unchanged, may succeed later; Branchline then tries it
again by itself.

| code | what is wrong | whose | retried | what to do |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

const row = (code: string, { fault, retry, summary, remedy }: CatalogueEntry): string =>
  `| \`${code}\` | ${cell(summary)} | ${faults[fault]} | ${retry ? 'yes' : 'no'} | ${cell(remedy)} |`;

/** A bar would end the cell. */
const cell = (text: string): string => text.replaceAll('|', String.raw`\|`);
