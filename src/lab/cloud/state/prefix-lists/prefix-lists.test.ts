import { describe, expect, it } from 'vitest';

import { formatPrefix } from '../../../../core/address/prefix.ts';
import { worldOf } from '../../network/world.ts';
import { CloudModel, sampleVpc } from '../../testing/cloud-model.ts';

const makeList = (cloud: CloudModel, MaxEntries = 10): string =>
  cloud.call('CreateManagedPrefixList', {
    PrefixListName: 'offices',
    AddressFamily: 'IPv4',
    MaxEntries,
    Entries: [{ Cidr: '192.0.2.0/24' }],
  }).PrefixList?.PrefixListId ?? '';

const entries = (cloud: CloudModel, PrefixListId: string, TargetVersion?: number) =>
  cloud
    .call('GetManagedPrefixListEntries', { PrefixListId, ...(TargetVersion !== undefined && { TargetVersion }) })
    .Entries?.map(({ Cidr }) => Cidr);

describe('a managed prefix list', () => {
  it('has a version for every change of its entries, and takes one only from the current version', () => {
    const cloud = new CloudModel();
    const list = makeList(cloud);
    const change = {
      PrefixListId: list,
      AddEntries: [{ Cidr: '198.51.100.0/24' }],
      RemoveEntries: [{ Cidr: '192.0.2.0/24' }],
    };
    cloud.call('ModifyManagedPrefixList', { ...change, CurrentVersion: 1 });
    expect(entries(cloud, list)).toEqual(['198.51.100.0/24']);
    expect(entries(cloud, list, 1)).toEqual(['192.0.2.0/24']);
    expect(cloud.refusal('ModifyManagedPrefixList', { ...change, CurrentVersion: 1 })).toContain(
      'PrefixListVersionMismatch: ',
    );
  });

  it('reaches the fabric through the rules that name it, and stays while they do', () => {
    const cloud = new CloudModel();
    const { vpc, group } = sampleVpc(cloud);
    const list = makeList(cloud);
    const permission = { IpProtocol: '-1', PrefixListIds: [{ PrefixListId: list }] };
    cloud.call('AuthorizeSecurityGroupIngress', { GroupId: group, IpPermissions: [permission] });
    const entity = cloud.state.get('vpcs', vpc);
    const world = entity === undefined ? undefined : worldOf(cloud.state, { labName: 'lab', vpc: entity });
    expect(world?.prefixLists[list]?.map(formatPrefix)).toEqual(['192.0.2.0/24']);
    expect(cloud.refusal('DeleteManagedPrefixList', { PrefixListId: list })).toContain('DependencyViolation: ');
    cloud.call('RevokeSecurityGroupIngress', { GroupId: group, IpPermissions: [permission] });
    cloud.call('DeleteManagedPrefixList', { PrefixListId: list });
  });

  it('counts with its size in the quota of a group', () => {
    const cloud = new CloudModel();
    const { group } = sampleVpc(cloud);
    const permission = { IpProtocol: '-1', PrefixListIds: [{ PrefixListId: makeList(cloud, 61) }] };
    expect(cloud.refusal('AuthorizeSecurityGroupIngress', { GroupId: group, IpPermissions: [permission] })).toContain(
      'RulesPerSecurityGroupLimitExceeded: ',
    );
  });
});
