import { describe, expect, it } from 'vitest';

import { nodeFacts } from './node-facts.ts';

const instance = {
  InstanceType: 'm5.large' as const,
  Placement: { AvailabilityZone: 'us-west-2a' },
  PrivateIpAddress: '10.0.0.5',
  PrivateDnsName: 'ip-10-0-0-5.us-west-2.compute.internal',
  PublicDnsName: '',
};

describe('the facts of a node', () => {
  it('are the addresses of its instance, with a public one only where it has that', () => {
    const inside = [
      { type: 'InternalDNS', address: 'ip-10-0-0-5.us-west-2.compute.internal' },
      { type: 'Hostname', address: 'ip-10-0-0-5.us-west-2.compute.internal' },
    ];
    expect(nodeFacts(instance).addresses).toEqual([{ type: 'InternalIP', address: '10.0.0.5' }, ...inside]);
    expect(nodeFacts({ ...instance, PublicIpAddress: '203.0.113.130' }).addresses).toEqual([
      { type: 'InternalIP', address: '10.0.0.5' },
      { type: 'ExternalIP', address: '203.0.113.130' },
      ...inside,
    ]);
  });

  it('are the labels that AWS’s cloud controller gives', () => {
    expect(nodeFacts(instance).labels).toEqual({
      'node.kubernetes.io/instance-type': 'm5.large',
      'beta.kubernetes.io/instance-type': 'm5.large',
      'topology.kubernetes.io/zone': 'us-west-2a',
      'topology.kubernetes.io/region': 'us-west-2',
      'topology.k8s.aws/zone-id': 'usw2-az1',
      'failure-domain.beta.kubernetes.io/zone': 'us-west-2a',
      'failure-domain.beta.kubernetes.io/region': 'us-west-2',
      'k8s.io/cloud-provider-aws': expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });
});
