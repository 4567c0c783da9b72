/**
 * The lab's VPC, made as a user would make one: by EC2's API, on the simulated cloud. The node group is EKS's cluster
 * security group: everything from itself, everything out.
 */
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  type EC2Client,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';

import { type Ipv4, formatIpv4 } from '../core/address/ipv4.ts';
import { prefix4 } from '../core/address/prefix.ts';
import { lab } from './names.ts';

export interface LabInstance {
  readonly id: string;
  /** Its `Name` tag: `control-plane`, `node-1`. */
  readonly title: string;
  /** Private DNS name: the node's name, its hostname and its network namespace. */
  readonly name: string;
  readonly address: string;
  readonly type: string;
  readonly zone: string;
}

export interface LabVpc {
  readonly vpc: string;
  readonly subnet: string;
  readonly clusterGroup: string;
  readonly controlPlane: LabInstance;
  readonly nodes: readonly LabInstance[];
}

/** Of a subnet's addresses EC2 keeps the first four. */
const freeAddress = (index: number): string => formatIpv4((prefix4(lab.subnetCidr).base + 4 + index) as Ipv4);

export async function makeVpc(ec2: EC2Client, options: { readonly nodeTypes: readonly string[] }): Promise<LabVpc> {
  const { Vpc } = await ec2.send(
    new CreateVpcCommand({ CidrBlock: lab.vpcCidr, TagSpecifications: named('vpc', 'lab') }),
  );
  const vpc = required(Vpc?.VpcId, 'Vpc.VpcId');
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({
      VpcId: vpc,
      CidrBlock: lab.subnetCidr,
      AvailabilityZone: lab.zone,
      TagSpecifications: named('subnet', 'nodes'),
    }),
  );
  const subnet = required(Subnet?.SubnetId, 'Subnet.SubnetId');
  const clusterGroup = await makeGroup(ec2, {
    vpc,
    name: 'eks-cluster-sg-lab',
    description: 'Cluster security group: control plane and nodes',
  });
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: clusterGroup,
      IpPermissions: [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: clusterGroup }] }],
    }),
  );
  // At once, and yet in order: each with the address that it would get if they were launched one after the other.
  const run = (title: string, type: string, index: number) =>
    runInstance(ec2, { title, type, subnet, clusterGroup, address: freeAddress(index) });
  const [controlPlane, ...nodes] = await Promise.all([
    run('control-plane', 'm5.large', 0),
    ...options.nodeTypes.map((type, index) => run(`node-${index + 1}`, type, index + 1)),
  ]);
  return { vpc, subnet, clusterGroup, controlPlane, nodes };
}

/** A security group with a `Name` tag where one is given. */
export async function makeGroup(
  ec2: EC2Client,
  options: { readonly vpc: string; readonly name: string; readonly description: string; readonly nameTag?: string },
): Promise<string> {
  const { GroupId } = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId: options.vpc, GroupName: options.name, Description: options.description }),
  );
  const id = required(GroupId, 'GroupId');
  if (options.nameTag !== undefined) {
    await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: 'Name', Value: options.nameTag }] }));
  }
  return id;
}

export async function runInstance(
  ec2: EC2Client,
  options: {
    readonly title: string;
    readonly type: string;
    /** Default: EC2's choice. */
    readonly address?: string;
  } & Pick<LabVpc, 'subnet' | 'clusterGroup'>,
): Promise<LabInstance> {
  const { Instances } = await ec2.send(
    new RunInstancesCommand({
      ImageId: 'ami-0123456789abcdef0',
      InstanceType: options.type as never,
      MinCount: 1,
      MaxCount: 1,
      SubnetId: options.subnet,
      SecurityGroupIds: [options.clusterGroup],
      PrivateIpAddress: options.address,
      TagSpecifications: named('instance', options.title),
    }),
  );
  const instance = Instances?.[0];
  return {
    id: required(instance?.InstanceId, 'InstanceId'),
    title: options.title,
    name: required(instance?.PrivateDnsName, 'PrivateDnsName'),
    address: required(instance?.PrivateIpAddress, 'PrivateIpAddress'),
    type: options.type,
    zone: required(instance?.Placement?.AvailabilityZone, 'Placement.AvailabilityZone'),
  };
}

const named = (type: 'vpc' | 'subnet' | 'instance', name: string) => [
  { ResourceType: type, Tags: [{ Key: 'Name', Value: name }] },
];

function required<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw new Error(`EC2's answer lacks ${field}`);
  return value;
}
