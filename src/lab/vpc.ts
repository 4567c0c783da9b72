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
  const run = (title: string, type: string) => runInstance(ec2, { title, type, subnet, clusterGroup });
  const controlPlane = await run('control-plane', 'm5.large');
  const nodes: LabInstance[] = [];
  for (const [index, type] of options.nodeTypes.entries()) nodes.push(await run(`node-${index + 1}`, type));
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
  options: { readonly title: string; readonly type: string } & Pick<LabVpc, 'subnet' | 'clusterGroup'>,
): Promise<LabInstance> {
  const { Instances } = await ec2.send(
    new RunInstancesCommand({
      ImageId: 'ami-0123456789abcdef0',
      InstanceType: options.type as never,
      MinCount: 1,
      MaxCount: 1,
      SubnetId: options.subnet,
      SecurityGroupIds: [options.clusterGroup],
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
