/** AssignIpv6Addresses and UnassignIpv6Addresses. */
import type {
  AssignIpv6AddressesRequest,
  AssignIpv6AddressesResult,
  UnassignIpv6AddressesRequest,
  UnassignIpv6AddressesResult,
} from '@aws-sdk/client-ec2';

import { formatIpv6, parseIpv6 } from '../../../../core/address/ipv6.ts';
import { formatPrefix, parsePrefix6Loosely } from '../../../../core/address/prefix.ts';
import type { Draft } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { required } from '../resource-kinds.ts';
import type { InterfaceEntity } from '../tables.ts';
import { AddressSpace6 } from './address-space6.ts';
import { type Wish6, chooseAddresses6, mustBeOneWay6, slotsWished6 } from './choose-addresses6.ts';
import { mustFitAddresses, mustFitMore6 } from './limits.ts';

export function assignIpv6Addresses(draft: Draft, request: AssignIpv6AddressesRequest): AssignIpv6AddressesResult {
  const entity = required(draft, 'interface', request.NetworkInterfaceId ?? '');
  const wish: Wish6 = {
    addresses: request.Ipv6Addresses,
    count: request.Ipv6AddressCount,
    prefixes: request.Ipv6Prefixes,
    prefixCount: request.Ipv6PrefixCount,
  };
  if (!mustBeOneWay6(wish)) {
    throw new Ec2Error('MissingParameter', 'The request must contain the parameter ipv6Addresses or ipv6AddressCount');
  }
  // Before looking for addresses, as for IPv4.
  mustFitMore6(draft, entity, slotsWished6(wish));
  const chosen = chooseAddresses6(new AddressSpace6(draft, required(draft, 'subnet', entity.subnet)), wish);
  const next: InterfaceEntity = {
    ...entity,
    addresses6: [...(entity.addresses6 ?? []), ...chosen.addresses6],
    prefixes6: [...(entity.prefixes6 ?? []), ...chosen.prefixes6],
  };
  mustFitAddresses(draft, next, entity.attachment?.instance);
  draft.put('interfaces', next);
  return {
    NetworkInterfaceId: entity.id,
    AssignedIpv6Addresses: [...chosen.addresses6],
    AssignedIpv6Prefixes: [...chosen.prefixes6],
  };
}

/** All that are named or none. */
export function unassignIpv6Addresses(
  draft: Draft,
  request: UnassignIpv6AddressesRequest,
): UnassignIpv6AddressesResult {
  const entity = required(draft, 'interface', request.NetworkInterfaceId ?? '');
  const { Ipv6Addresses: named = [], Ipv6Prefixes: namedPrefixes = [] } = request;
  if (named.length === 0 && namedPrefixes.length === 0) {
    throw new Ec2Error('MissingParameter', 'The request must contain the parameter ipv6Addresses');
  }
  const doomed = new Set(named.map(canonicalAddress));
  const doomedPrefixes = new Set(namedPrefixes.map(canonicalPrefix));
  const { addresses6 = [], prefixes6 = [] } = entity;
  const foreign =
    [...doomed].some((text) => !addresses6.includes(text)) ||
    [...doomedPrefixes].some((text) => !prefixes6.includes(text));
  if (foreign) {
    throw new Ec2Error(
      'InvalidParameterValue',
      `Some of the specified addresses are not assigned to interface ${entity.id}`,
    );
  }
  draft.put('interfaces', {
    ...entity,
    addresses6: addresses6.filter((text) => !doomed.has(text)),
    prefixes6: prefixes6.filter((text) => !doomedPrefixes.has(text)),
  });
  return {
    NetworkInterfaceId: entity.id,
    UnassignedIpv6Addresses: [...doomed],
    UnassignedIpv6Prefixes: [...doomedPrefixes],
  };
}

function canonicalAddress(text: string): string {
  const parsed = parseIpv6(text);
  if (!parsed.ok) throw new Ec2Error('InvalidParameterValue', `invalid value for parameter address: ${text}`);
  return formatIpv6(parsed.value);
}

function canonicalPrefix(text: string): string {
  const parsed = parsePrefix6Loosely(text);
  if (!parsed.ok) throw new Ec2Error('InvalidParameterValue', `Value (${text}) for parameter Ipv6Prefix is invalid.`);
  return formatPrefix(parsed.value);
}
