/** Who a node is, as AWS's cloud controller and EKS's node images would say it. Pure. */
import { createHash } from 'node:crypto';

import { instanceLimits } from '../../../core/limits/instance-limits.ts';
import { zoneId } from '../../cloud/state/vpc/zone-calls.ts';
import { lab } from '../../names.ts';
import type { LabInstance } from '../../vpc.ts';

export const providerId = ({ zone, id }: LabInstance): string => `aws:///${zone}/${id}`;

/** What the cloud controller says; the kubelet adds hostname, arch and os itself. */
export const nodeLabels = ({ type, zone }: Pick<LabInstance, 'type' | 'zone'>): Readonly<Record<string, string>> => ({
  'node.kubernetes.io/instance-type': type,
  'beta.kubernetes.io/instance-type': type,
  'topology.kubernetes.io/zone': zone,
  'topology.kubernetes.io/region': lab.region,
  'topology.k8s.aws/zone-id': zoneId(zone),
  'failure-domain.beta.kubernetes.io/zone': zone,
  'failure-domain.beta.kubernetes.io/region': lab.region,
  // By which programs tell EKS from others: 32 hex digits, the same on all nodes of a cluster.
  'k8s.io/cloud-provider-aws': digits('lab'),
});

/** What `/etc/machine-id` holds: the firmware's id, the same at each start of the instance; EC2's begin with `ec2`. */
export const machineId = ({ id }: Pick<LabInstance, 'id'>): string => `ec2${digits(id).slice(3)}`;

/** What the firmware says. */
export const productUuid = (instance: Pick<LabInstance, 'id'>): string =>
  machineId(instance).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** 32 hex digits. */
const digits = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

/** As EKS computes it: each address but the primary one of each interface, and two pods with the node's own network. */
export function maxPods(type: string): number {
  const limits = instanceLimits(type);
  if (limits === undefined) throw new Error(`the lab knows no limits of the instance type ${type}`);
  return limits.interfaces * (limits.addressesPerInterface - 1) + 2;
}
