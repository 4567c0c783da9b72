/**
 * EKS's own controller, as far as Branchline meets it: a trunk on an instance, a branch for a pod, and what it writes on
 * the pod. Calls, tags and keys are upstream's (aws/amazon-vpc-resource-controller-k8s, `pkg/provider/branch`).
 */
import {
  AssociateTrunkInterfaceCommand,
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  DeleteNetworkInterfaceCommand,
  DisassociateTrunkInterfaceCommand,
  type EC2Client,
  ModifyNetworkInterfaceAttributeCommand,
} from '@aws-sdk/client-ec2';

import { eksTags } from '../../core/names.ts';

export interface Place {
  readonly subnet: string;
  readonly groups: readonly string[];
}

const owner = { Key: 'eks:eni:owner', Value: 'eks-vpc-resource-controller' };

/** @returns its id. Upstream takes the highest free index. */
export async function attachTrunk(
  client: EC2Client,
  { subnet, groups, instance, deviceIndex }: Place & { readonly instance: string; readonly deviceIndex: number },
): Promise<string> {
  const { NetworkInterface } = await client.send(
    new CreateNetworkInterfaceCommand({
      SubnetId: subnet,
      Groups: [...groups],
      InterfaceType: 'trunk',
      Description: 'aws-k8s-trunk-eni',
      TagSpecifications: [{ ResourceType: 'network-interface', Tags: [owner] }],
    }),
  );
  const id = NetworkInterface?.NetworkInterfaceId ?? '';
  const { AttachmentId } = await client.send(
    new AttachNetworkInterfaceCommand({ NetworkInterfaceId: id, InstanceId: instance, DeviceIndex: deviceIndex }),
  );
  await client.send(
    new ModifyNetworkInterfaceAttributeCommand({
      NetworkInterfaceId: id,
      Attachment: { AttachmentId, DeleteOnTermination: true },
    }),
  );
  return id;
}

export interface GivenBranch {
  readonly id: string;
  readonly address: string;
  readonly association: string;
  /** What the pod's annotation is to say. */
  readonly annotation: string;
}

export async function giveBranch(
  client: EC2Client,
  { subnet, groups, trunk, vlan }: Place & { readonly trunk: string; readonly vlan: number },
): Promise<GivenBranch> {
  const Tags = [owner, { Key: eksTags.trunk, Value: trunk }, { Key: eksTags.vlan, Value: String(vlan) }];
  const { NetworkInterface: made } = await client.send(
    new CreateNetworkInterfaceCommand({
      SubnetId: subnet,
      Groups: [...groups],
      Description: 'aws-k8s-branch-eni',
      TagSpecifications: [{ ResourceType: 'network-interface', Tags }],
    }),
  );
  const id = made?.NetworkInterfaceId ?? '';
  const { InterfaceAssociation } = await client.send(
    new AssociateTrunkInterfaceCommand({ BranchInterfaceId: id, TrunkInterfaceId: trunk, VlanId: vlan }),
  );
  const association = InterfaceAssociation?.AssociationId ?? '';
  const address = made?.PrivateIpAddress ?? '';
  const entry = {
    eniId: id,
    ifAddress: made?.MacAddress,
    privateIp: address,
    ipv6Addr: '',
    vlanId: vlan,
    subnetCidr: '',
    subnetV6Cidr: '',
    associationID: association,
  };
  return { id, address, association, annotation: JSON.stringify([entry]) };
}

export async function takeBranch(client: EC2Client, { id, association }: GivenBranch): Promise<void> {
  await client.send(new DisassociateTrunkInterfaceCommand({ AssociationId: association }));
  await client.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id }));
}
