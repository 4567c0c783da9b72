/** The controller's metrics. */
import { Counter, Gauge, Registry } from 'prom-client';

import type { Action } from '../../core/plan/action.ts';

export interface Metrics {
  /** `code` absent: it succeeded. */
  action(kind: Action['kind'], code?: string): void;
  failure(job: string, code: string): void;
  /** Prometheus' text format. */
  text(): Promise<string>;
}

export interface MetricsInput {
  readonly waitingNodes: () => number;
  readonly nodes: () => number;
  readonly records: () => number;
  /** Seconds since the rules of groups were last read; undefined: never. */
  readonly rulesAgeSeconds: () => number | undefined;
}

export function createMetrics(input: MetricsInput): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const actions = new Counter({
    name: 'branchline_ec2_actions_total',
    help: 'Actions in EC2 by kind and outcome: ok, or the code of the error',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const failures = new Counter({
    name: 'branchline_job_failures_total',
    help: 'Failed attempts by job and code; each is repeated by itself',
    labelNames: ['job', 'code'],
    registers,
  });
  const gauge = (name: string, help: string, read: () => number | undefined): void => {
    const metric = new Gauge({
      name,
      help,
      registers: [],
      collect() {
        const value = read();
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
    registry.registerMetric(metric);
  };
  gauge('branchline_nodes', 'Nodes of the cluster', input.nodes);
  gauge('branchline_node_records', 'NodeNetwork records', input.records);
  gauge('branchline_waiting_nodes', 'Nodes that wait for work', input.waitingNodes);
  gauge('branchline_rules_age_seconds', 'Time since the rules of groups were last read', input.rulesAgeSeconds);
  return {
    action: (kind, code = 'ok') => actions.inc({ kind, outcome: code }),
    failure: (job, code) => failures.inc({ job, code }),
    text: () => registry.metrics(),
  };
}
