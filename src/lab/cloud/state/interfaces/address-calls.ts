/** AssignPrivateIpAddresses and UnassignPrivateIpAddresses. */
import type {
  AssignPrivateIpAddressesRequest,
  AssignPrivateIpAddressesResult,
  UnassignPrivateIpAddressesRequest,
} from '@aws-sdk/client-ec2';

import { type Ipv4, formatIpv4, parseIpv4 } from '../../../../core/address/ipv4.ts';
import { formatPrefix4, parsePrefix4Loosely } from '../../../../core/address/prefix.ts';
import type { Draft } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { required } from '../resource-kinds.ts';
import type { InterfaceEntity } from '../tables.ts';
import { AddressSpace, secondaryInUse } from './address-space.ts';
import { mustFitAddresses, slotsOf } from './limits.ts';
import { mustBeOneWay, readCount } from './read-wishes.ts';

export function assignPrivateIpAddresses(
  draft: Draft,
  request: AssignPrivateIpAddressesRequest,
): AssignPrivateIpAddressesResult {
  const entity = required(draft, 'interface', request.NetworkInterfaceId ?? '');
  const { PrivateIpAddresses: named = [], Ipv4Prefixes: namedPrefixes = [] } = request;
  const ways = [
    ['privateIpAddresses', named.length > 0],
    ['secondaryPrivateIpAddressCount', request.SecondaryPrivateIpAddressCount !== undefined],
    ['ipv4Prefixes', namedPrefixes.length > 0],
    ['ipv4PrefixCount', request.Ipv4PrefixCount !== undefined],
  ] as const;
  mustBeOneWay(ways);
  if (!ways.some(([, given]) => given)) {
    throw new Ec2Error(
      'MissingParameter',
      'The request must contain the parameter privateIpAddresses or secondaryPrivateIpAddressCount',
    );
  }
  if (request.AllowReassignment === true) for (const text of named) release(draft, { text, to: entity });
  const count = readCount(request.SecondaryPrivateIpAddressCount, 'secondaryPrivateIpAddressCount');
  const prefixCount = readCount(request.Ipv4PrefixCount, 'ipv4PrefixCount');
  // Before looking for addresses: what is over the interface's limit is not the subnet's fault.
  mustFitAddresses(
    draft,
    withMore(entity, named.length + count + namedPrefixes.length + prefixCount),
    entity.attachment?.instance,
  );
  const space = new AddressSpace(draft, required(draft, 'subnet', entity.subnet));
  const held = new Set(entity.addresses.map(formatIpv4));
  const wanted = request.AllowReassignment === true ? named.filter((text) => !held.has(text)) : named;
  const addresses = [...wanted.map((text) => space.take(text, secondaryInUse)), ...space.next(count)];
  const prefixes = [...namedPrefixes.map((text) => space.takePrefix(text)), ...space.nextPrefixes(prefixCount)];
  const next: InterfaceEntity = {
    ...entity,
    addresses: [...entity.addresses, ...addresses],
    prefixes: [...entity.prefixes, ...prefixes],
  };
  mustFitAddresses(draft, next, entity.attachment?.instance);
  draft.put('interfaces', next);
  return {
    NetworkInterfaceId: entity.id,
    AssignedPrivateIpAddresses: addresses.map((address) => ({ PrivateIpAddress: formatIpv4(address) })),
    AssignedIpv4Prefixes: prefixes.map((prefix) => ({ Ipv4Prefix: formatPrefix4(prefix) })),
  };
}

/** The same interface with so many slots more; which addresses they will be does not matter here. */
const withMore = (entity: InterfaceEntity, slots: number): InterfaceEntity => ({
  ...entity,
  addresses: [...entity.addresses, ...Array.from({ length: slots }, () => 0 as Ipv4)],
});

/** Takes a secondary address from the interface that has it, if that is another than `to`. */
function release(draft: Draft, { text, to }: { readonly text: string; readonly to: InterfaceEntity }): void {
  const parsed = parseIpv4(text);
  if (!parsed.ok) return;
  const address = parsed.value;
  for (const other of draft.all('interfaces')) {
    if (other.id === to.id || other.subnet !== to.subnet || other.addresses.indexOf(address) < 1) continue;
    draft.put('interfaces', { ...other, addresses: other.addresses.filter((each) => each !== address) });
    return;
  }
}

export function unassignPrivateIpAddresses(draft: Draft, request: UnassignPrivateIpAddressesRequest): object {
  const entity = required(draft, 'interface', request.NetworkInterfaceId ?? '');
  const { PrivateIpAddresses: named = [], Ipv4Prefixes: namedPrefixes = [] } = request;
  if (named.length === 0 && namedPrefixes.length === 0) {
    throw new Ec2Error('MissingParameter', 'The request must contain the parameter privateIpAddresses');
  }
  const doomed = new Set(
    named.map((text) => {
      const parsed = parseIpv4(text);
      if (!parsed.ok) throw new Ec2Error('InvalidParameterValue', `invalid value for parameter address: ${text}`);
      return parsed.value;
    }),
  );
  const doomedPrefixes = new Set(
    namedPrefixes.map((text) => {
      const parsed = parsePrefix4Loosely(text);
      if (!parsed.ok)
        throw new Ec2Error('InvalidParameterValue', `Value (${text}) for parameter Ipv4Prefix is invalid.`);
      return formatPrefix4(parsed.value);
    }),
  );
  const [primary] = entity.addresses;
  if (primary !== undefined && doomed.has(primary)) {
    throw new Ec2Error('InvalidParameterValue', `The primary address ${formatIpv4(primary)} cannot be unassigned`);
  }
  const addresses = entity.addresses.filter((address) => !doomed.has(address));
  const prefixes = entity.prefixes.filter((prefix) => !doomedPrefixes.has(formatPrefix4(prefix)));
  const found = slotsOf(entity) - (addresses.length + prefixes.length);
  if (found !== doomed.size + doomedPrefixes.size) {
    throw new Ec2Error(
      'InvalidParameterValue',
      `Some of the specified addresses are not assigned to interface ${entity.id}`,
    );
  }
  draft.put('interfaces', { ...entity, addresses, prefixes });
  return {};
}
