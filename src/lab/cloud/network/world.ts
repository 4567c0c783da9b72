/** What the fabric of one VPC is told, from the cloud's state. Pure; what has not changed stays the same value. */
import { type Ipv4, ipv4 } from '../../../core/address/ipv4.ts';
import { type Prefix4, prefix4 } from '../../../core/address/prefix.ts';
import { fabricNetns, instanceNetns, lab } from '../../names.ts';
import type { FabricInterface, FabricWorld } from '../../fabric/port.ts';
import type { View } from '../state/draft.ts';
import type { InstanceEntity, InterfaceEntity, PrefixListEntity, SubnetEntity, VpcEntity } from '../state/tables.ts';

const outside: readonly Ipv4[] = [ipv4(lab.ec2Outside.address)];

/** The first VPC's fabric has the lab's name, the others' a number more. */
export const fabricName = (labName: string, { ordinal }: VpcEntity): string =>
  ordinal === 0 ? labName : `${labName}-${ordinal + 1}`;

export const fabricNamespace = (labName: string, vpc: VpcEntity): string => fabricNetns(fabricName(labName, vpc));

export const isLive = ({ state }: InstanceEntity): boolean => state === 'pending' || state === 'running';

export function namespaceOf(
  labName: string,
  { vpc, instance }: { readonly vpc: VpcEntity; readonly instance: InstanceEntity },
): string {
  return instanceNetns(fabricName(labName, vpc), instance.privateDnsName);
}

export function worldOf(
  view: View,
  { labName, vpc }: { readonly labName: string; readonly vpc: VpcEntity },
): FabricWorld {
  const inVpc = (each: { readonly vpc: string }): boolean => each.vpc === vpc.id;
  const subnets = new Map([...view.all('subnets')].filter(inVpc).map((subnet) => [subnet.id, subnet]));
  const interfaces: FabricInterface[] = [];
  for (const entity of view.all('interfaces')) {
    if (!inVpc(entity) || entity.attachment === undefined) continue;
    const instance = view.get('instances', entity.attachment.instance);
    const subnet = subnets.get(entity.subnet);
    if (instance === undefined || subnet === undefined || !hasDevice(entity, instance)) continue;
    interfaces.push(fabricInterface(entity, { subnet, netns: namespaceOf(labName, { vpc, instance }) }));
  }
  return {
    cidrs: vpc.cidrs.filter(({ state }) => state === 'associated').map(({ cidr }) => cidr),
    subnets: [...subnets.values()].map(({ cidr }) => cidr),
    interfaces,
    groups: [...view.all('groups')].filter(inVpc),
    prefixLists: Object.fromEntries([...view.all('prefixLists')].map((list) => [list.id, rangesOf(list)])),
    outside,
  };
}

/** Ranges of IPv4; a list of IPv6 has none. */
const rangesOf = ({ family, versions }: PrefixListEntity): readonly Prefix4[] =>
  family === 'IPv6' ? [] : (versions.at(-1) ?? []).map(({ cidr }) => prefix4(cidr));

/** A machine that boots has the interfaces of its launch; later ones appear when they are attached. */
const hasDevice = ({ attachment }: InterfaceEntity, instance: InstanceEntity): boolean =>
  isLive(instance) && (attachment?.status === 'attached' || instance.state === 'pending');

const made = new WeakMap<InterfaceEntity, FabricInterface>();

function fabricInterface(
  entity: InterfaceEntity,
  { subnet, netns }: { readonly subnet: SubnetEntity; readonly netns: string },
): FabricInterface {
  const known = made.get(entity);
  if (known !== undefined && known.netns === netns) return known;
  const value: FabricInterface = {
    id: entity.id,
    mac: entity.mac,
    netns,
    deviceIndex: entity.attachment?.deviceIndex ?? 0,
    subnet: subnet.cidr,
    addresses: entity.addresses,
    prefixes: entity.prefixes,
    groups: entity.groups,
    sourceDestCheck: entity.sourceDestCheck,
  };
  made.set(entity, value);
  return value;
}
