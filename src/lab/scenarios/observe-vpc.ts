/** The VPC as EC2's API describes it now, as the value that `evaluate` judges. */
import type { Ec2 } from '../../aws/port.ts';
import { ipv4 } from '../../core/address/ipv4.ts';
import { prefix4 } from '../../core/address/prefix.ts';
import type { Vpc } from '../../core/vpc/model.ts';

export async function observeVpc(ec2: Ec2, vpc: string): Promise<Vpc> {
  const [cidrs, subnets, interfaces, groups] = await Promise.all([
    ec2.vpcCidrs(vpc),
    ec2.subnets(vpc),
    ec2.interfaces({}),
    ec2.securityGroups(vpc),
  ]);
  return {
    id: vpc,
    cidrs: cidrs.map(prefix4),
    subnets: subnets.map((subnet) => ({ id: subnet.id, vpc, zone: subnet.zone, cidr: prefix4(subnet.cidr) })),
    interfaces: interfaces
      .filter((each) => each.vpc === vpc)
      .map((each) => ({
        id: each.id,
        subnet: each.subnet,
        groups: each.groups,
        addresses: [each.primaryAddress, ...each.addresses].map(ipv4),
        prefixes: each.prefixes.map(prefix4),
        sourceDestCheck: true,
        ...(each.attachment?.status === 'attached' && {
          attachment: { instance: each.attachment.instance, deviceIndex: each.attachment.deviceIndex },
        }),
      })),
    groups: groups.map((group) => ({ id: group.id, vpc, name: group.groupName, rules: group.rules })),
    prefixLists: {},
  };
}
