/** The agent's metrics: upstream's names where the meaning is the same, ours beside them. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

import type { PoolSize } from '../apply-record/status.ts';
import type { RequestObserver } from '../server/handle-request.ts';

export interface Metrics {
  readonly observe: RequestObserver;
  /** Prometheus' text format. */
  text(): Promise<string>;
}

export function createMetrics(pools: () => readonly PoolSize[]): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const adds = new Counter({ name: 'awscni_add_ip_req_count', help: 'ADD requests', registers });
  const dels = new Counter({
    name: 'awscni_del_ip_req_count',
    help: 'DEL requests',
    labelNames: ['reason'],
    registers,
  });
  const duration = new Histogram({
    name: 'branchline_cni_request_seconds',
    help: 'Requests of the CNI plugin, waiting included',
    labelNames: ['command', 'outcome'],
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 20, 60],
    registers,
  });
  const sum = (field: 'inUse' | 'total'): number => pools().reduce((total, pool) => total + pool[field], 0);
  const gauge = (name: string, help: string, field: 'inUse' | 'total'): Gauge =>
    new Gauge({
      name,
      help,
      registers: [],
      collect() {
        this.set(sum(field));
      },
    });
  registry.registerMetric(gauge('awscni_assigned_ip_addresses', 'Addresses that pods hold', 'inUse'));
  registry.registerMetric(gauge('awscni_total_ip_addresses', 'Addresses that pods may hold', 'total'));
  return {
    observe(command, outcome, seconds) {
      duration.observe({ command, outcome }, seconds);
      if (command === 'ADD') adds.inc();
      if (command === 'DEL') dels.inc({ reason: outcome });
    },
    text: () => registry.metrics(),
  };
}
