/**
 * What cannot be in a VPC: for whoever makes one (the lab, tests, a reader of EC2 that may have misread it). Verdicts
 * over a VPC with inconsistencies mean nothing.
 */
import { type Ip, formatIp } from '../address/ip.ts';
import { delegatedLength, reservedPrefixes } from '../address/prefix-space.ts';
import {
  type Prefix,
  containsAddress,
  containsPrefix,
  formatPrefix,
  hostPrefix,
  isPrefix4,
  overlaps,
} from '../address/prefix.ts';
import type { NetworkInterface, Subnet, Vpc } from './model.ts';

/** One sentence for each; empty if all is well. */
export const inconsistencies = (vpc: Vpc): readonly string[] => [
  ...overlapping(vpc.cidrs.map((cidr) => ({ name: 'a range', range: cidr }))),
  ...vpc.subnets.flatMap((subnet) => subnetProblems(subnet, vpc)),
  ...overlapping(vpc.subnets.flatMap((subnet) => rangesOf(subnet).map((range) => ({ name: subnet.id, range })))),
  ...vpc.interfaces.flatMap((each) => interfaceProblems(each, vpc)),
  ...overlapping(
    vpc.interfaces.flatMap((each) =>
      [...each.addresses.map(hostPrefix), ...each.prefixes].map((range) => ({ name: each.id, range })),
    ),
  ),
  ...sharedPlaces(vpc.interfaces),
];

const rangesOf = ({ cidr, cidr6 }: Subnet): readonly Prefix[] => (cidr6 === undefined ? [cidr] : [cidr, cidr6]);

function subnetProblems(subnet: Subnet, vpc: Vpc): readonly string[] {
  return rangesOf(subnet).flatMap((range) => {
    const text = `${formatPrefix(range)} of ${subnet.id}`;
    const [least, most] = isPrefix4(range) ? [16, 28] : [44, 64];
    return [
      ...(range.length < least || range.length > most ? [`${text} is not from /${least} to /${most}`] : []),
      ...(vpc.cidrs.some((cidr) => containsPrefix(cidr, range)) ? [] : [`${text} is in no range of ${vpc.id}`]),
    ];
  });
}

function interfaceProblems(each: NetworkInterface, vpc: Vpc): readonly string[] {
  const subnet = vpc.subnets.find(({ id }) => id === each.subnet);
  if (subnet === undefined) return [`${each.id} is in ${each.subnet}, which does not exist`];
  return [
    ...(each.groups.length === 0 ? [`${each.id} has no group`] : []),
    ...each.groups
      .filter((id) => !vpc.groups.some((group) => group.id === id && group.vpc === vpc.id))
      .map((id) => `${each.id} has group ${id}, which ${vpc.id} does not have`),
    ...each.addresses.flatMap((address) => addressProblems(`${formatIp(address)} of ${each.id}`, address, subnet)),
    ...each.prefixes.flatMap((prefix) => prefixProblems(`${formatPrefix(prefix)} of ${each.id}`, prefix, subnet)),
    ...trunkProblems(each, vpc),
  ];
}

function addressProblems(text: string, address: Ip, subnet: Subnet): readonly string[] {
  const range = rangesOf(subnet).find((each) => containsAddress(each, address));
  if (range === undefined) return [`${text} is not in ${subnet.id}`];
  const isReserved = reservedPrefixes(range).some((reserved) => containsAddress(reserved, address));
  return isReserved ? [`${text} is reserved in ${subnet.id}`] : [];
}

function prefixProblems(text: string, prefix: Prefix, subnet: Subnet): readonly string[] {
  const range = rangesOf(subnet).find((each) => containsPrefix(each, prefix));
  return [
    ...(prefix.length === delegatedLength(prefix) ? [] : [`${text} is no /${delegatedLength(prefix)}`]),
    ...(range === undefined ? [`${text} is not in ${subnet.id}`] : []),
  ];
}

function trunkProblems({ id, attachment, trunk }: NetworkInterface, vpc: Vpc): readonly string[] {
  if (trunk === undefined) return [];
  const carrier = vpc.interfaces.find((each) => each.id === trunk.interface);
  return [
    ...(carrier?.purpose === 'trunk' ? [] : [`${id} is a branch of ${trunk.interface}, which is no trunk`]),
    ...(attachment === undefined ? [] : [`${id} is a branch and attached by itself, too`]),
    ...(trunk.vlan >= 1 && trunk.vlan <= 4094 ? [] : [`${id} has VLAN ${trunk.vlan}`]),
  ];
}

interface Named {
  readonly name: string;
  readonly range: Prefix;
}

/** Sorted neighbours would do for ranges that do not nest; these may, and there are few. */
const overlapping = (all: readonly Named[]): readonly string[] =>
  all.flatMap((one, index) =>
    all
      .slice(index + 1)
      .filter((other) => overlaps(one.range, other.range))
      .map(
        (other) =>
          `${formatPrefix(one.range)} of ${one.name} and ${formatPrefix(other.range)} of ${other.name} overlap`,
      ),
  );

/** Device indexes of an instance, VLANs of a trunk. */
function sharedPlaces(interfaces: readonly NetworkInterface[]): readonly string[] {
  const taken = new Map<string, string>();
  return interfaces.flatMap(({ id, attachment, trunk }) => {
    const place =
      attachment === undefined
        ? trunk && `VLAN ${trunk.vlan} of ${trunk.interface}`
        : `device ${attachment.deviceIndex} of ${attachment.instance}`;
    if (place === undefined) return [];
    const other = taken.get(place);
    taken.set(place, id);
    return other === undefined ? [] : [`${other} and ${id} are both ${place}`];
  });
}
