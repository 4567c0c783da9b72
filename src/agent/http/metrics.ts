/** The agent's metrics: upstream's names where the meaning is the same, ours beside them. See docs/metrics.md. */
import { isPrefix4, prefix } from '../../core/address/prefix.ts';
import { instanceLimits } from '../../core/limits/instance-limits.ts';
import type { NodeNetworkSpec } from '../../core/records/node-network.ts';
import { createExposition, type Described } from '../../daemon/exposition.ts';
import type { PoolSize } from '../apply-record/status.ts';
import type { Attachment } from '../journal/journal.ts';
import type { RequestObserver } from '../server/handle-request.ts';

/** What there is to be seen at the moment. */
export interface Figures {
  readonly ready: boolean;
  readonly spec: NodeNetworkSpec | undefined;
  readonly pools: readonly PoolSize[];
  /** Of all pods that hold an address. */
  readonly attachments: readonly Attachment[];
}

export interface Metrics {
  readonly observe: RequestObserver;
  described(): readonly Described[];
  /** Prometheus' text format. */
  text(): string;
}

const nothing: Figures = { ready: false, spec: undefined, pools: [], attachments: [] };
const BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 20, 60];

export function createMetrics(figures: () => Figures | undefined): Metrics {
  const exposition = createExposition();
  const gauge = (name: string, help: string, read: (now: Figures) => number | undefined): void =>
    exposition.gauge({ name, help }, () => read(figures() ?? nothing));

  const adds = exposition.counter({ name: 'awscni_add_ip_req_count', help: 'ADD requests of the CNI plugin' });
  const dels = exposition.counter({
    name: 'awscni_del_ip_req_count',
    help: 'DEL requests of the CNI plugin; the reason is always PodDeleted',
    labels: ['reason'],
  });
  const exhausted = exposition.counter({
    name: 'awscni_no_available_ip_addresses',
    help: 'ADD requests that ended without an address to give',
  });
  gauge('awscni_assigned_ip_addresses', 'Addresses that pods hold', ({ attachments }) => attachments.length);
  gauge('awscni_total_ip_addresses', 'Addresses that pods may hold, held ones included', ({ pools }) =>
    pools.reduce((sum, { total }) => sum + total, 0),
  );
  exposition.gauge(
    { name: 'awscni_assigned_ip_per_eni', help: 'Addresses that pods hold, by network interface', labels: ['eni'] },
    () => {
      const { spec, attachments } = figures() ?? nothing;
      return [...(spec?.interfaces ?? []), ...(spec?.branches ?? [])].map(({ id }) => ({
        labels: { eni: id },
        value: attachments.filter(({ interfaceId }) => interfaceId === id).length,
      }));
    },
  );
  gauge('awscni_eni_allocated', 'Network interfaces of the node', ({ spec }) => spec?.interfaces.length ?? 0);
  gauge('awscni_eni_max', 'Network interfaces that the instance type takes', ({ spec }) => maxima(spec)?.interfaces);
  gauge(
    'awscni_ip_max',
    'Addresses that pods could hold if all those interfaces were full, without prefixes',
    ({ spec }) => maxima(spec)?.addresses,
  );
  gauge(
    'awscni_total_ipv4_prefixes',
    'Delegated IPv4 prefixes',
    ({ spec }) =>
      (spec?.interfaces ?? []).flatMap(({ prefixes }) => prefixes).filter((text) => isPrefix4(prefix(text))).length,
  );

  const failures = exposition.counter({
    name: 'branchline_cni_failures_total',
    help: 'Failed requests of the CNI plugin by error code, see docs/errors.md',
    labels: ['command', 'code'],
  });
  const duration = exposition.histogram(
    {
      name: 'branchline_cni_request_seconds',
      help: 'Time that requests of the CNI plugin took, waiting included',
      labels: ['command', 'outcome'],
    },
    BUCKETS,
  );
  exposition.gauge(
    {
      name: 'branchline_pool_addresses',
      help: 'Addresses by pool (`node`, or the key of a set of groups) and state; `wanted`: in use and waited for',
      labels: ['pool', 'state'],
    },
    () =>
      (figures() ?? nothing).pools.flatMap(({ pool, total, inUse, wanted, cooling }) =>
        Object.entries({ total, inUse, wanted, cooling }).map(([state, value]) => ({ labels: { pool, state }, value })),
      ),
  );
  gauge('branchline_ready', '1 when pods can be served', ({ ready }) => Number(ready));
  gauge('process_resident_memory_bytes', 'Resident memory', () => process.memoryUsage.rss());
  return {
    observe(command, outcome, seconds, code) {
      duration(seconds, { command, outcome });
      if (command === 'ADD') adds();
      if (command === 'DEL') dels({ reason: 'PodDeleted' });
      if (outcome === 'failure') failures({ command, code: code ?? 'unknown' });
      if (command === 'ADD' && code === 'addresses-exhausted') exhausted();
    },
    described: () => exposition.described(),
    text: () => exposition.text(),
  };
}

/** On card 0, the one that is used; undefined of a type that is newer than the table. */
function maxima(spec: NodeNetworkSpec | undefined): { interfaces: number; addresses: number } | undefined {
  const limits = spec === undefined ? undefined : instanceLimits(spec.instance.type);
  if (limits === undefined) return undefined;
  const interfaces = limits.interfacesByCard[0] ?? 0;
  return { interfaces, addresses: interfaces * (limits.addressesPerInterface - 1) };
}
