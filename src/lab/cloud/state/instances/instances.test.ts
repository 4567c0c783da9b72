import { describe, expect, it } from 'vitest';

import { CloudModel, makeInterface, runInstance, sampleVpc } from '../../testing/cloud-model.ts';

const stateOf = (cloud: CloudModel, id: string) =>
  cloud.call('DescribeInstances', { InstanceIds: [id] }).Reservations?.[0]?.Instances?.[0]?.State?.Name;

describe('an instance', () => {
  it('is named after its primary address and comes up in time', () => {
    const cloud = new CloudModel({ settlingMs: { launch: 1000 } });
    const { subnet } = sampleVpc(cloud);
    const instance = runInstance(cloud, subnet);
    expect(stateOf(cloud, instance)).toBe('pending');
    expect(
      cloud.refusal('AttachNetworkInterface', {
        NetworkInterfaceId: makeInterface(cloud, subnet),
        InstanceId: instance,
        DeviceIndex: 1,
      }),
    ).toContain('IncorrectState: ');
    cloud.passTime(1000);
    const [described] = cloud.call('DescribeInstances', {}).Reservations?.[0]?.Instances ?? [];
    expect(described).toMatchObject({
      State: { Code: 16, Name: 'running' },
      PrivateDnsName: 'ip-10-0-0-4.us-west-2.compute.internal',
      NetworkInterfaces: [{ Attachment: { DeviceIndex: 0, Status: 'attached', DeleteOnTermination: true } }],
    });
  });

  it('takes the interfaces along that are marked for it when it is terminated', () => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc(cloud);
    const instance = runInstance(cloud, subnet);
    const [stays, goes] = [makeInterface(cloud, subnet), makeInterface(cloud, subnet)];
    for (const [index, NetworkInterfaceId] of [stays, goes].entries()) {
      const { AttachmentId } = cloud.call('AttachNetworkInterface', {
        NetworkInterfaceId,
        InstanceId: instance,
        DeviceIndex: index + 1,
      });
      const DeleteOnTermination = NetworkInterfaceId === goes;
      cloud.call('ModifyNetworkInterfaceAttribute', {
        NetworkInterfaceId,
        Attachment: { AttachmentId, DeleteOnTermination },
      });
    }
    cloud.call('TerminateInstances', { InstanceIds: [instance] });
    expect(stateOf(cloud, instance)).toBe('terminated');
    const left = cloud.call('DescribeNetworkInterfaces', {}).NetworkInterfaces ?? [];
    expect(left.map((each) => [each.NetworkInterfaceId, each.Status])).toEqual([[stays, 'available']]);
    cloud.passTime(3_600_000);
    expect(cloud.refusal('DescribeInstances', { InstanceIds: [instance] })).toBe(
      `InvalidInstanceID.NotFound: The instance ID '${instance}' does not exist`,
    );
  });

  it('comes whole or not at all when the subnet is too small for all that were asked for', () => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc(cloud, '10.0.0.0/28');
    const request = { ImageId: 'ami-0123456789abcdef0', MinCount: 12, MaxCount: 12, SubnetId: subnet };
    expect(cloud.refusal('RunInstances', request)).toContain('InsufficientFreeAddressesInSubnet: ');
    expect(cloud.call('DescribeInstances', {}).Reservations).toEqual([]);
  });
});

describe('describing', () => {
  it('filters with wildcards, any value of one filter and all filters together', () => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc(cloud);
    const ids = [makeInterface(cloud, subnet), makeInterface(cloud, subnet), makeInterface(cloud, subnet)];
    cloud.call('CreateTags', { Resources: ids.slice(0, 2), Tags: [{ Key: 'team', Value: 'a*b' }] });
    const found = (...Filters: { Name: string; Values: string[] }[]) =>
      cloud.call('DescribeNetworkInterfaces', { Filters }).NetworkInterfaces?.map((each) => each.NetworkInterfaceId);
    expect(found({ Name: 'private-ip-address', Values: ['10.0.0.?'] })).toEqual(ids);
    expect(found({ Name: 'tag:team', Values: ['a\\*b'] })).toEqual(ids.slice(0, 2));
    expect(found({ Name: 'tag:team', Values: ['a\\?b'] })).toEqual([]);
    expect(
      found({ Name: 'tag-key', Values: ['team', 'x'] }, { Name: 'private-ip-address', Values: ['10.0.0.5'] }),
    ).toEqual([ids[1]]);
    expect(cloud.refusal('DescribeNetworkInterfaces', { Filters: [{ Name: 'colour', Values: ['red'] }] })).toBe(
      "InvalidParameterValue: The filter 'colour' is invalid",
    );
  });

  it('pages through what is there, also while it changes', () => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc(cloud);
    const ids = Array.from({ length: 12 }, () => makeInterface(cloud, subnet));
    const page = (NextToken?: string) =>
      cloud.call('DescribeNetworkInterfaces', { MaxResults: 5, ...(NextToken !== undefined && { NextToken }) });
    const first = page();
    cloud.call('DeleteNetworkInterface', { NetworkInterfaceId: ids[0] ?? '' });
    const second = page(first.NextToken);
    const third = page(second.NextToken);
    const seen = [first, second, third].flatMap((each) => each.NetworkInterfaces ?? []);
    expect(seen.map((each) => each.NetworkInterfaceId)).toEqual(ids);
    expect(third.NextToken).toBeUndefined();
  });

  it.each([
    [{ MaxResults: 4 }, 'Value ( 4 ) for parameter maxResults is invalid. Expecting a value greater than 5.'],
    [{ MaxResults: 5, NextToken: 'x' }, "The token 'x' is invalid"],
  ])('refuses %j', (request, said) => {
    const cloud = new CloudModel();
    expect(cloud.refusal('DescribeVpcs', request)).toContain(said);
  });

  it('refuses a page of named ones', () => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc(cloud);
    const InstanceIds = [runInstance(cloud, subnet)];
    expect(cloud.refusal('DescribeInstances', { InstanceIds, MaxResults: 5 })).toBe(
      'InvalidParameterCombination: The parameter instancesSet cannot be used with the parameter maxResults',
    );
  });
});
