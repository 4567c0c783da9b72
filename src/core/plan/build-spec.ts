/** The record that says what EC2 shows: never more than is there. */
import { ipv4 } from '../address/ipv4.ts';
import { CodedError } from '../errors/coded-error.ts';
import { sortedGroups } from '../groups/set-key.ts';
import type {
  BranchRecord,
  InterfacePurpose,
  InterfaceRecord,
  NodeNetworkSpec,
  SetRecord,
} from '../records/node-network.ts';
import { subnetOf } from './observed-subnet.ts';
import { knowsBranches, usableTrunks } from './place-branches.ts';
import type { NodeSnapshot, ObservedInterface } from './snapshot.ts';

export interface SpecInput {
  readonly snapshot: NodeSnapshot;
  readonly primary: ObservedInterface;
  /** Attached interfaces that serve sets. */
  readonly serving: readonly ObservedInterface[];
  readonly sets: readonly SetRecord[];
  readonly branches: readonly BranchRecord[];
}

/** ec2-answer-invalid where EC2 shows an interface in a subnet that it does not list. */
export function buildSpec({ snapshot, primary, serving, sets, branches }: SpecInput): NodeNetworkSpec | CodedError {
  const interfaces: InterfaceRecord[] = [];
  const carriers = trunks(snapshot, branches);
  for (const seen of [primary, ...[...serving, ...carriers].sort(byPlace)]) {
    const purpose = seen === primary ? 'node' : carriers.includes(seen) ? 'trunk' : 'groups';
    const record = interfaceRecord(seen, purpose, snapshot);
    if (record instanceof CodedError) return record;
    interfaces.push(record);
  }
  const { id, type, zone } = snapshot.instance;
  return {
    instance: { id, type, zone, primaryMac: primary.mac },
    vpc: { id: snapshot.vpc.id, cidrs: [...snapshot.vpc.cidrs] },
    interfaces,
    sets: [...sets].sort((a, b) => (a.key < b.key ? -1 : 1)),
    ...(branches.length === 0 ? {} : { branches }),
  };
}

/** Where EKS's controller serves pods, the agent has its trunk ready before the first of them comes. */
const trunks = (snapshot: NodeSnapshot, branches: readonly BranchRecord[]): readonly ObservedInterface[] =>
  knowsBranches(snapshot)
    ? usableTrunks(snapshot).filter(({ id }) => snapshot.mode === 'eks' || branches.some(({ trunk }) => trunk === id))
    : [];

const byPlace = ({ attachment: a }: ObservedInterface, { attachment: b }: ObservedInterface): number =>
  (a?.card ?? 0) - (b?.card ?? 0) || (a?.deviceIndex ?? 0) - (b?.deviceIndex ?? 0);

function interfaceRecord(
  { id, mac, attachment, subnet, groups, primaryAddress, addresses, prefixes }: ObservedInterface,
  purpose: InterfacePurpose,
  { subnets }: NodeSnapshot,
): InterfaceRecord | CodedError {
  const range = subnetOf({ id, subnet }, subnets);
  if (range instanceof CodedError) return range;
  // EKS's controller gives a trunk its own address alone; whatever else is there is not ours to hand out.
  const isTrunk = purpose === 'trunk';
  return {
    id,
    mac,
    deviceIndex: attachment?.deviceIndex ?? 0,
    card: attachment?.card ?? 0,
    purpose,
    ...range,
    groups: sortedGroups(groups),
    primaryAddress,
    addresses: isTrunk ? [] : [...addresses].sort((a, b) => ipv4(a) - ipv4(b)),
    prefixes: isTrunk ? [] : [...prefixes].sort(),
  };
}
