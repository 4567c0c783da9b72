/** A bench's measures as a table for people or as JSON for programs. */
import { arch, cpus, release } from 'node:os';

import type { Measure } from './bench.ts';
import { type Distribution, distribution } from './distribution.ts';

interface Row {
  readonly measure: string;
  readonly unit: string;
  readonly ours: Distribution;
  readonly compared?: {
    readonly against: string;
    readonly baseline: Distribution;
    readonly ratio: { readonly of: string; readonly p50: number; readonly p99: number };
  };
}

const rowOf = ({ name, unit, ours, baseline, against = '', ratio: of = 'baseline/ours' }: Measure): Row => {
  const own = distribution(ours);
  if (baseline === undefined) return { measure: name, unit, ours: own };
  const other = distribution(baseline);
  const [above, below] = of === 'baseline/ours' ? [other, own] : [own, other];
  const ratio = { of, p50: above.p50 / below.p50, p99: above.p99 / below.p99 };
  return { measure: name, unit, ours: own, compared: { against, baseline: other, ratio } };
};

const machine = () => ({ kernel: release(), arch: arch(), cpus: cpus().length, node: process.version });

export const toJson = (bench: string, measures: readonly Measure[]): string =>
  JSON.stringify({ bench, machine: machine(), rows: measures.map(rowOf) }, undefined, 2);

const number = (value: number): string =>
  value < 1 ? value.toFixed(3) : value < 100 ? value.toFixed(2) : value.toFixed(0);
const cells = ({ count, p50, p90, p99, max }: Distribution): readonly string[] => [
  String(count),
  ...[p50, p90, p99, max].map(number),
];

export function toTable(bench: string, measures: readonly Measure[]): string {
  const { kernel, cpus: count, node } = machine();
  const rows = measures.map(rowOf);
  const lines = [
    ['', '', 'n', 'p50', 'p90', 'p99', 'max'],
    ...rows.flatMap(({ measure, unit, ours, compared }) => [
      [measure, unit, ...cells(ours)],
      ...(compared === undefined
        ? []
        : [
            ['', compared.against, ...cells(compared.baseline)],
            [
              '',
              compared.ratio.of,
              '',
              `${compared.ratio.p50.toFixed(2)}×`,
              '',
              `${compared.ratio.p99.toFixed(2)}×`,
              '',
            ],
          ]),
    ]),
  ];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length))) ?? [];
  const text = lines.map((line) =>
    line
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart((widths[column] ?? 0) + 2)))
      .join('  '),
  );
  return [`${bench} (Linux ${kernel}, ${count} CPUs, Node ${node})`, ...text].map((line) => line.trimEnd()).join('\n');
}
