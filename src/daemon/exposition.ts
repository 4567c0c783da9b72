/**
 * Metrics in Prometheus' text format, version 0.0.4. It must never know what is measured. The usual library for it loads
 * so much beside that it costs a process 9 MiB, on every node.
 */

export type Labels = Readonly<Record<string, string>>;

export interface About {
  readonly name: string;
  readonly help: string;
  /** Default none: then there is one value, from the start. */
  readonly labels?: readonly string[];
}

export interface Described extends About {
  readonly type: 'counter' | 'gauge' | 'histogram';
}

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

export interface Exposition {
  /** Returns how to count one. */
  counter(about: About): (labels?: Labels) => void;
  /** Read whenever it is asked for; undefined: not known now. */
  gauge(about: About, read: () => number | undefined | readonly Sample[]): void;
  /** Returns how to observe a value. `buckets`: upper bounds, ascending. */
  histogram(about: About, buckets: readonly number[]): (value: number, labels: Labels) => void;
  /** In the order of their making. */
  described(): readonly Described[];
  text(): string;
}

interface Metric extends Described {
  readonly lines: () => readonly string[];
}

export function createExposition(): Exposition {
  const metrics: Metric[] = [];
  return {
    counter(about) {
      const series = new Map<string, number>(about.labels === undefined ? [['', 0]] : []);
      metrics.push({ ...about, type: 'counter', lines: () => [...series].map(([of, n]) => `${about.name}${of} ${n}`) });
      return (labels = {}) => {
        const of = braced(labels);
        series.set(of, (series.get(of) ?? 0) + 1);
      };
    },
    gauge(about, read) {
      const samples = (value: ReturnType<typeof read>): readonly Sample[] =>
        typeof value === 'number' ? [{ labels: {}, value }] : (value ?? []);
      const lines = () => samples(read()).map(({ labels, value }) => `${about.name}${braced(labels)} ${value}`);
      metrics.push({ ...about, type: 'gauge', lines });
    },
    histogram(about, buckets) {
      const { name } = about;
      const series = new Map<string, { labels: Labels; sum: number; count: number; within: number[] }>();
      const lines = () =>
        [...series].flatMap(([of, { labels, sum, count, within }]) => [
          ...buckets.map((le, at) => `${name}_bucket${braced({ ...labels, le: String(le) })} ${within[at]}`),
          `${name}_bucket${braced({ ...labels, le: '+Inf' })} ${count}`,
          `${name}_sum${of} ${sum}`,
          `${name}_count${of} ${count}`,
        ]);
      metrics.push({ ...about, type: 'histogram', lines });
      return (value, labels) => {
        const of = braced(labels);
        const { sum, count, within } = series.get(of) ?? { sum: 0, count: 0, within: buckets.map(() => 0) };
        const counted = within.map((n, at) => (value <= (buckets[at] ?? 0) ? n + 1 : n));
        series.set(of, { labels, sum: sum + value, count: count + 1, within: counted });
      };
    },
    described: () => metrics,
    text: () =>
      metrics
        .flatMap(({ name, help, type, lines }) => [
          `# HELP ${name} ${help.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`)}`,
          `# TYPE ${name} ${type}`,
          ...lines(),
        ])
        .map((line) => `${line}\n`)
        .join(''),
  };
}

const braced = (labels: Labels): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
};

const escaped = (value: string): string =>
  value
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`);
