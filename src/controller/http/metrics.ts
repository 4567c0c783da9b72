/** The controller's metrics. */
import type { Action } from '../../core/plan/action.ts';
import { createExposition, type Described } from '../../daemon/exposition.ts';

export interface Metrics {
  /** `code` absent: it succeeded. */
  action(kind: Action['kind'], code?: string): void;
  failure(job: string, code: string): void;
  described(): readonly Described[];
  /** Prometheus' text format. */
  text(): string;
}

export interface MetricsInput {
  readonly waitingNodes: () => number;
  readonly nodes: () => number;
  readonly records: () => number;
  /** Seconds since the rules of groups were last read; undefined: never. */
  readonly rulesAgeSeconds: () => number | undefined;
}

export function createMetrics(input: MetricsInput): Metrics {
  const exposition = createExposition();
  const actions = exposition.counter({
    name: 'branchline_ec2_actions_total',
    help: 'Actions in EC2 by kind and outcome: `ok`, or the code of the error',
    labels: ['kind', 'outcome'],
  });
  const failures = exposition.counter({
    name: 'branchline_job_failures_total',
    help: 'Failed attempts by job and code; each is repeated by itself',
    labels: ['job', 'code'],
  });
  const gauge = (name: string, help: string, read: () => number | undefined): void =>
    exposition.gauge({ name, help }, read);
  gauge('branchline_nodes', 'Nodes of the cluster', input.nodes);
  gauge('branchline_node_records', 'NodeNetwork records', input.records);
  gauge('branchline_waiting_nodes', 'Nodes that wait for work', input.waitingNodes);
  gauge('branchline_rules_age_seconds', 'Time since the rules of groups were last read', input.rulesAgeSeconds);
  return {
    action: (kind, code = 'ok') => actions({ kind, outcome: code }),
    failure: (job, code) => failures({ job, code }),
    described: () => exposition.described(),
    text: () => exposition.text(),
  };
}
