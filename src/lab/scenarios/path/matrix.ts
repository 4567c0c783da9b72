/** Who may talk to whom, expected and observed, as values: pure, so that a test can hold it to account. */

export interface SamplePod {
  readonly name: string;
  /** `web`, `db`, `other` */
  readonly app: string;
  readonly node: string;
  readonly address: string;
  /** Where its server listens. */
  readonly port: number;
}

export type Reach = 'open' | 'closed';

export interface Cell {
  readonly source: SamplePod;
  readonly target: SamplePod;
  readonly expected: Reach;
  /** Why `evaluate` says so, in one sentence. */
  readonly reason: string;
  readonly observed: Reach;
}

export interface MatrixCheck {
  readonly agrees: boolean;
  /** One sentence for each cell that differs and each server that no cell proves to listen. */
  readonly complaints: readonly string[];
}

/** A closed cell proves something only where another cell shows that the same server listens. */
export function checkMatrix(cells: readonly Cell[]): MatrixCheck {
  const differing = cells
    .filter((cell) => cell.expected !== cell.observed)
    .map(
      ({ source, target, expected, observed, reason }) =>
        `${source.name} → ${target.name}:${target.port} is ${observed}, expected ${expected}: ${reason}`,
    );
  const targets = [...new Set(cells.map((cell) => cell.target.name))];
  const unproved = targets
    .filter((name) => !cells.some((cell) => cell.target.name === name && cell.observed === 'open'))
    .map((name) => `no probe reached ${name}, so its closed cells prove nothing`);
  const complaints = [...differing, ...unproved];
  return { agrees: complaints.length === 0, complaints };
}

/** The matrix as a table: a row a source, a column a target; `≠` marks a cell that differs from what is expected. */
export function renderMatrix(cells: readonly Cell[], nodeNames: readonly string[]): string {
  const pods = podsOf(cells);
  const title = (pod: SamplePod): string => `${pod.app}@${nodeNames.indexOf(pod.node) + 1}`;
  const width = Math.max(...pods.map((pod) => `${title(pod)}:${pod.port}`.length)) + 2;
  const header = ['from \\ to'.padEnd(12), ...pods.map((pod) => `${title(pod)}:${pod.port}`.padEnd(width))].join('');
  const rows = pods.map((source) =>
    [
      title(source).padEnd(12),
      ...pods.map((target) => {
        const cell = cells.find((each) => each.source.name === source.name && each.target.name === target.name);
        if (cell === undefined) return '·'.padEnd(width);
        return `${cell.observed}${cell.observed === cell.expected ? '' : ' ≠'}`.padEnd(width);
      }),
    ].join(''),
  );
  return [header, ...rows].map((line) => line.trimEnd()).join('\n');
}

function podsOf(cells: readonly Cell[]): readonly SamplePod[] {
  const byName = new Map<string, SamplePod>();
  for (const { source, target } of cells) byName.set(source.name, source).set(target.name, target);
  const order = ['web', 'db', 'other'];
  return [...byName.values()].sort(
    (a, b) =>
      order.indexOf(a.app) - order.indexOf(b.app) || a.node.localeCompare(b.node) || a.name.localeCompare(b.name),
  );
}
