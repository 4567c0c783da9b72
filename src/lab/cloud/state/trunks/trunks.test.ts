import { describe, expect, it } from 'vitest';

import { CloudModel, makeInterface, runInstance, sampleVpc } from '../../testing/cloud-model.ts';

function withTrunk(type = 'm5.large') {
  const cloud = new CloudModel({ quotas: { trunks: true } });
  const { subnet } = sampleVpc(cloud);
  const instance = runInstance(cloud, subnet, type);
  const made = cloud.call('CreateNetworkInterface', { SubnetId: subnet, InterfaceType: 'trunk' });
  const trunk = made.NetworkInterface?.NetworkInterfaceId ?? '';
  cloud.call('AttachNetworkInterface', { NetworkInterfaceId: trunk, InstanceId: instance, DeviceIndex: 1 });
  const associate = (VlanId: number, BranchInterfaceId = makeInterface(cloud, subnet)) => ({
    TrunkInterfaceId: trunk,
    BranchInterfaceId,
    VlanId,
  });
  return { cloud, subnet, instance, trunk, associate };
}

describe('a trunk', () => {
  it('carries branches, each by a VLAN of its own, until they are disassociated', () => {
    const { cloud, associate, subnet } = withTrunk();
    const BranchInterfaceId = makeInterface(cloud, subnet);
    const { InterfaceAssociation: made } = cloud.call('AssociateTrunkInterface', associate(1, BranchInterfaceId));
    const shown = () => {
      const [eni] =
        cloud.call('DescribeNetworkInterfaces', { NetworkInterfaceIds: [BranchInterfaceId] }).NetworkInterfaces ?? [];
      return [eni?.InterfaceType, eni?.Status];
    };
    expect(shown()).toEqual(['branch', 'in-use']);
    expect(cloud.refusal('AssociateTrunkInterface', associate(1))).toContain('VLAN ID 1 is in use');
    expect(cloud.refusal('AssociateTrunkInterface', associate(2, BranchInterfaceId))).toContain('currently in use');
    expect(cloud.refusal('DeleteNetworkInterface', { NetworkInterfaceId: BranchInterfaceId })).toContain(
      'currently in use',
    );
    cloud.call('AssociateTrunkInterface', associate(2));
    expect(
      cloud.call('DescribeTrunkInterfaceAssociations', {}).InterfaceAssociations?.map(({ VlanId }) => VlanId),
    ).toEqual([1, 2]);
    cloud.call('DisassociateTrunkInterface', { AssociationId: made?.AssociationId });
    expect(shown()).toEqual(['interface', 'available']);
    cloud.call('DeleteNetworkInterface', { NetworkInterfaceId: BranchInterfaceId });
  });

  it('takes as many as its instance’s type says', () => {
    const { cloud, associate } = withTrunk();
    for (let vlan = 1; vlan <= 9; vlan++) cloud.call('AssociateTrunkInterface', associate(vlan));
    expect(cloud.refusal('AssociateTrunkInterface', associate(10))).toContain('BranchInterfaceLimitExceeded');
  });

  it('leaves its branches free when it goes with its instance', () => {
    const { cloud, associate, instance, trunk } = withTrunk();
    cloud.call('AssociateTrunkInterface', associate(1));
    const [attachment] =
      cloud.call('DescribeNetworkInterfaces', { NetworkInterfaceIds: [trunk] }).NetworkInterfaces ?? [];
    cloud.call('ModifyNetworkInterfaceAttribute', {
      NetworkInterfaceId: trunk,
      Attachment: { AttachmentId: attachment?.Attachment?.AttachmentId, DeleteOnTermination: true },
    });
    cloud.call('TerminateInstances', { InstanceIds: [instance] });
    expect(cloud.call('DescribeTrunkInterfaceAssociations', {}).InterfaceAssociations).toEqual([]);
  });
});
