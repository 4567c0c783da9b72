/** The record that says what EC2 shows: never more than is there. */
import { ipv4 } from '../address/ipv4.ts';
import { addressAt, formatPrefix4, parsePrefix4Loosely } from '../address/prefix.ts';
import { formatIpv4 } from '../address/ipv4.ts';
import { CodedError } from '../errors/coded-error.ts';
import { sortedGroups } from '../groups/set-key.ts';
import type { InterfacePurpose, InterfaceRecord, NodeNetworkSpec, SetRecord } from '../records/node-network.ts';
import type { NodeSnapshot, ObservedInterface } from './snapshot.ts';

export interface SpecInput {
  readonly snapshot: NodeSnapshot;
  readonly primary: ObservedInterface;
  /** Attached interfaces that serve sets. */
  readonly serving: readonly ObservedInterface[];
  readonly sets: readonly SetRecord[];
}

/** ec2-answer-invalid where EC2 shows an interface in a subnet that it does not list. */
export function buildSpec({ snapshot, primary, serving, sets }: SpecInput): NodeNetworkSpec | CodedError {
  const interfaces: InterfaceRecord[] = [];
  for (const seen of [primary, ...[...serving].sort(byPlace)]) {
    const record = interfaceRecord(seen, seen === primary ? 'node' : 'groups', snapshot);
    if (record instanceof CodedError) return record;
    interfaces.push(record);
  }
  const { id, type, zone } = snapshot.instance;
  return {
    instance: { id, type, zone, primaryMac: primary.mac },
    vpc: { id: snapshot.vpc.id, cidrs: [...snapshot.vpc.cidrs] },
    interfaces,
    sets: [...sets].sort((a, b) => (a.key < b.key ? -1 : 1)),
  };
}

const byPlace = ({ attachment: a }: ObservedInterface, { attachment: b }: ObservedInterface): number =>
  (a?.card ?? 0) - (b?.card ?? 0) || (a?.deviceIndex ?? 0) - (b?.deviceIndex ?? 0);

function interfaceRecord(
  { id, mac, attachment, subnet, groups, primaryAddress, addresses, prefixes }: ObservedInterface,
  purpose: InterfacePurpose,
  { subnets }: NodeSnapshot,
): InterfaceRecord | CodedError {
  const cidr = parsePrefix4Loosely(subnets.find((known) => known.id === subnet)?.cidr ?? '');
  if (!cidr.ok) {
    return new CodedError('ec2-answer-invalid', { detail: `the subnet ${subnet} of ${id} is not among the VPC’s` });
  }
  return {
    id,
    mac,
    deviceIndex: attachment?.deviceIndex ?? 0,
    card: attachment?.card ?? 0,
    purpose,
    subnet: formatPrefix4(cidr.value),
    // The router of every subnet is its second address.
    gateway: formatIpv4(addressAt(cidr.value, 1)),
    groups: sortedGroups(groups),
    primaryAddress,
    addresses: [...addresses].sort((a, b) => ipv4(a) - ipv4(b)),
    prefixes: [...prefixes].sort(),
  };
}
