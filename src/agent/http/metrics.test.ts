import { describe, expect, it } from 'vitest';

import { anAttachment, anInterface, aSpec } from '../testing/builders.ts';
import { createMetrics, type Figures } from './metrics.ts';

const figures: Figures = {
  ready: true,
  spec: aSpec({ interfaces: [anInterface({ prefixes: ['10.0.1.0/28'] }), anInterface({ id: 'eni-web' })] }),
  pools: [{ pool: 'node', total: 18, inUse: 1, wanted: 4, cooling: 1 }],
  attachments: [anAttachment(), anAttachment({ interfaceId: 'eni-web' }), anAttachment({ interfaceId: 'eni-web' })],
};
/** The lines of some metrics, without their help. */
const linesOf = (text: string, ...names: readonly string[]): readonly string[] =>
  text.split('\n').filter((line) => names.some((name) => line.startsWith(name)));

describe('the metrics', () => {
  it('show what there is under upstream’s names, and each pool under ours', () => {
    const metrics = createMetrics(() => figures);
    expect(linesOf(metrics.text(), 'awscni_', 'branchline_pool', 'branchline_ready')).toEqual([
      'awscni_add_ip_req_count 0',
      'awscni_no_available_ip_addresses 0',
      'awscni_assigned_ip_addresses 3',
      'awscni_total_ip_addresses 18',
      'awscni_assigned_ip_per_eni{eni="eni-node"} 1',
      'awscni_assigned_ip_per_eni{eni="eni-web"} 2',
      'awscni_eni_allocated 2',
      'awscni_eni_max 3',
      'awscni_ip_max 27',
      'awscni_total_ipv4_prefixes 1',
      'branchline_pool_addresses{pool="node",state="total"} 18',
      'branchline_pool_addresses{pool="node",state="inUse"} 1',
      'branchline_pool_addresses{pool="node",state="wanted"} 4',
      'branchline_pool_addresses{pool="node",state="cooling"} 1',
      'branchline_ready 1',
    ]);
  });

  it('know no maximum of an instance type that is newer than they', () => {
    const spec = aSpec({ instance: { ...aSpec().instance, type: 'x99.huge' } });
    expect(linesOf(createMetrics(() => ({ ...figures, spec })).text(), 'awscni_eni_max', 'awscni_ip_max')).toEqual([]);
  });

  it('count requests, and failures by their cause', () => {
    const metrics = createMetrics(() => undefined);
    metrics.observe('ADD', 'success', 0.003);
    metrics.observe('ADD', 'failure', 60, 'addresses-exhausted');
    metrics.observe('DEL', 'success', 0.001);
    expect(linesOf(metrics.text(), 'awscni_add', 'awscni_del', 'awscni_no_', 'branchline_cni_failures')).toEqual([
      'awscni_add_ip_req_count 2',
      'awscni_del_ip_req_count{reason="PodDeleted"} 1',
      'awscni_no_available_ip_addresses 1',
      'branchline_cni_failures_total{command="ADD",code="addresses-exhausted"} 1',
    ]);
    expect(metrics.text()).toContain(
      'branchline_cni_request_seconds_bucket{command="ADD",outcome="success",le="0.005"} 1\n',
    );
  });
});
