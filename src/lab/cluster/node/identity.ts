/** Who a node is, as AWS's cloud controller and EKS's node images would say it. Pure. */
import { instanceLimits } from '../../../core/limits/instance-limits.ts';
import { lab } from '../../names.ts';
import type { LabInstance } from '../../vpc.ts';

export const providerId = ({ zone, id }: LabInstance): string => `aws:///${zone}/${id}`;

/** The kubelet adds hostname, arch and os itself. */
export const nodeLabels = ({ type, zone }: LabInstance): Readonly<Record<string, string>> => ({
  'node.kubernetes.io/instance-type': type,
  'beta.kubernetes.io/instance-type': type,
  'topology.kubernetes.io/zone': zone,
  'topology.kubernetes.io/region': lab.region,
  'failure-domain.beta.kubernetes.io/zone': zone,
  'failure-domain.beta.kubernetes.io/region': lab.region,
});

/** As EKS computes it: each address but the primary one of each interface, and two pods with the node's own network. */
export function maxPods(type: string): number {
  const limits = instanceLimits(type);
  if (limits === undefined) throw new Error(`the lab knows no limits of the instance type ${type}`);
  return limits.interfaces * (limits.addressesPerInterface - 1) + 2;
}
