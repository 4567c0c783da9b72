/** Makes an interface as CreateNetworkInterface and RunInstances ask for one. */
import type { PrivateIpAddressSpecification } from '@aws-sdk/client-ec2';

import type { Ipv4 } from '../../../../core/address/ipv4.ts';
import type { Prefix4 } from '../../../../core/address/prefix.ts';
import type { CallContext } from '../context.ts';
import type { Draft } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { newId, newMac } from '../random.ts';
import { required } from '../resource-kinds.ts';
import type { InterfaceEntity, SubnetEntity, Tags } from '../tables.ts';
import { AddressSpace, primaryInUse, secondaryInUse } from './address-space.ts';
import { AddressSpace6 } from './address-space6.ts';
import { type Wish6, chooseAddresses6, mustBeOneWay6 } from './choose-addresses6.ts';
import { mustBeOneWay, readCount } from './read-wishes.ts';

export interface NewInterface {
  readonly subnet: SubnetEntity;
  readonly groups: readonly string[] | undefined;
  readonly description: string | undefined;
  readonly type?: InterfaceEntity['type'];
  readonly tags: Tags;
  readonly primary: string | undefined;
  readonly addresses: readonly PrivateIpAddressSpecification[] | undefined;
  readonly secondaryCount: number | undefined;
  readonly prefixes: readonly string[] | undefined;
  readonly prefixCount: number | undefined;
  readonly ipv6: Wish6;
}

export function addInterface(draft: Draft, wish: NewInterface, context: CallContext): InterfaceEntity {
  const { subnet } = wish;
  if (countOf(draft.all('interfaces')) >= context.quotas.interfaces) {
    throw new Ec2Error('NetworkInterfaceLimitExceeded', 'The maximum number of network interfaces has been reached.');
  }
  const groups = readGroups(draft, { ids: wish.groups, subnet, context });
  const entity: InterfaceEntity = {
    id: newId(draft, 'eni'),
    vpc: subnet.vpc,
    subnet: subnet.id,
    zone: subnet.zone,
    description: wish.description ?? '',
    mac: newMac(draft),
    groups,
    ...chooseAddresses(new AddressSpace(draft, subnet), wish),
    ...chooseAddresses6(new AddressSpace6(draft, subnet), wishOf6(wish)),
    sourceDestCheck: true,
    type: wish.type ?? 'interface',
    tags: wish.tags,
  };
  draft.put('interfaces', entity);
  return entity;
}

/** A subnet may give every new interface an address; what the call asks for replaces that. */
function wishOf6({ subnet, ipv6 }: NewInterface): Wish6 {
  const asked = mustBeOneWay6(ipv6);
  return asked || subnet.assignIpv6OnCreation !== true ? ipv6 : { ...ipv6, count: 1 };
}

function countOf(items: Iterable<unknown>): number {
  let count = 0;
  for (const _item of items) count++;
  return count;
}

/** None named: the VPC's default group. */
export function readGroups(
  draft: Draft,
  options: {
    readonly ids: readonly string[] | undefined;
    readonly subnet: SubnetEntity;
    readonly context: CallContext;
  },
): readonly string[] {
  const { ids, subnet, context } = options;
  if (ids === undefined || ids.length === 0) {
    const isDefault = (each: { readonly vpc: string; readonly name: string }) =>
      each.vpc === subnet.vpc && each.name === 'default';
    return [...draft.all('groups')].filter(isDefault).map(({ id }) => id);
  }
  const groups = [...new Set(ids)].map((id) => required(draft, 'group', id));
  const foreign = groups.find((group) => group.vpc !== subnet.vpc);
  if (foreign !== undefined) {
    throw new Ec2Error(
      'InvalidParameter',
      `Security group ${foreign.id} and subnet ${subnet.id} belong to different networks.`,
    );
  }
  if (groups.length > context.quotas.groupsPerInterface) {
    throw new Ec2Error(
      'SecurityGroupsPerInterfaceLimitExceeded',
      'The maximum number of security groups per interface has been reached.',
    );
  }
  return groups.map(({ id }) => id);
}

function chooseAddresses(
  space: AddressSpace,
  wish: NewInterface,
): { readonly addresses: readonly Ipv4[]; readonly prefixes: readonly Prefix4[] } {
  const listed = wish.addresses ?? [];
  const primaries = listed.filter(({ Primary }) => Primary === true);
  if (primaries.length > 1) {
    throw new Ec2Error('InvalidParameterValue', 'More than one address is marked as primary.');
  }
  if (wish.primary !== undefined && primaries.length > 0) {
    throw new Ec2Error(
      'InvalidParameterCombination',
      'The parameter privateIpAddress cannot be used with a primary address in privateIpAddresses',
    );
  }
  const secondaries = listed
    .filter(({ Primary }) => Primary !== true)
    .map(({ PrivateIpAddress = '' }) => PrivateIpAddress);
  mustBeOneWay([
    ['secondaryPrivateIpAddressCount', wish.secondaryCount !== undefined],
    ['privateIpAddresses', secondaries.length > 0],
    ['ipv4PrefixCount', wish.prefixCount !== undefined],
    ['ipv4Prefixes', (wish.prefixes ?? []).length > 0],
  ]);
  const named = wish.primary ?? primaries[0]?.PrivateIpAddress;
  const primary = named === undefined ? space.next(1) : [space.take(named, primaryInUse)];
  const secondary = [
    ...secondaries.map((address) => space.take(address, secondaryInUse)),
    ...space.next(readCount(wish.secondaryCount, 'secondaryPrivateIpAddressCount')),
  ];
  const prefixes = [
    ...(wish.prefixes ?? []).map((prefix) => space.takePrefix(prefix)),
    ...space.nextPrefixes(readCount(wish.prefixCount, 'ipv4PrefixCount')),
  ];
  return { addresses: [...primary, ...secondary], prefixes };
}
