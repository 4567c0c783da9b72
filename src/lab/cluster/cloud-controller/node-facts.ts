/** What EC2 tells of a node, in the words of Kubernetes. Pure. */
import type { Instance } from '@aws-sdk/client-ec2';

import { nodeLabels } from '../node/identity.ts';

export interface NodeAddress {
  readonly type: 'InternalIP' | 'ExternalIP' | 'InternalDNS' | 'Hostname' | 'ExternalDNS';
  readonly address: string;
}

export interface NodeFacts {
  readonly labels: Readonly<Record<string, string>>;
  /** In the order in which AWS's cloud controller has them. */
  readonly addresses: readonly NodeAddress[];
}

export function nodeFacts(instance: Instance): NodeFacts {
  const addresses: readonly (readonly [NodeAddress['type'], string | undefined])[] = [
    ['InternalIP', instance.PrivateIpAddress],
    ['ExternalIP', instance.PublicIpAddress],
    ['InternalDNS', instance.PrivateDnsName],
    ['Hostname', instance.PrivateDnsName],
    ['ExternalDNS', instance.PublicDnsName],
  ];
  return {
    labels: nodeLabels({ type: instance.InstanceType ?? '', zone: instance.Placement?.AvailabilityZone ?? '' }),
    addresses: addresses.flatMap(([type, address]) =>
      address === undefined || address === '' ? [] : [{ type, address }],
    ),
  };
}
