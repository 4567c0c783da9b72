/** What the fabric of one VPC is told, from the cloud's state. Pure; what has not changed stays the same value. */
import { type Ipv4, ipv4 } from '../../../core/address/ipv4.ts';
import { ipv6 } from '../../../core/address/ipv6.ts';
import { addressAt, type Prefix, prefix, prefix6 } from '../../../core/address/prefix.ts';
import { fabricNetns, instanceNetns, lab, outsideNetns } from '../../names.ts';
import type { FabricInterface, FabricNatGateway, FabricSubnet, FabricWorld, PublicAddress } from '../../fabric/port.ts';
import { DNS_ADDRESS, IMDS_ADDRESS } from './outside.ts';
import { routesOf } from './routes.ts';
import type { View } from '../state/draft.ts';
import { addressOf } from '../state/routes/nat-gateway-calls.ts';
import type {
  InstanceEntity,
  InterfaceEntity,
  NatGatewayEntity,
  PrefixListEntity,
  SubnetEntity,
  VpcEntity,
} from '../state/tables.ts';
import { liveRange6 } from '../state/vpc/ranges6.ts';

const outside: readonly Ipv4[] = [ipv4(lab.ec2Outside.address)];

/** The first VPC's fabric has the lab's name, the others' a number more. */
export const fabricName = (labName: string, { ordinal }: VpcEntity): string =>
  ordinal === 0 ? labName : `${labName}-${ordinal + 1}`;

/** Where the VPC's DNS answers: everywhere the same, and at base + 2 of its primary range. */
export const dnsAddresses = ({ cidrs: [primary] }: VpcEntity): readonly Ipv4[] => [
  ipv4(DNS_ADDRESS),
  ...(primary === undefined ? [] : [addressAt(primary.cidr, 2)]),
];

export const fabricNamespace = (labName: string, vpc: VpcEntity): string => fabricNetns(fabricName(labName, vpc));
export const outsideNamespace = (labName: string, vpc: VpcEntity): string => outsideNetns(fabricName(labName, vpc));

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
  const published = publishedBy(view);
  const interfaces: FabricInterface[] = [];
  for (const entity of view.all('interfaces')) {
    // A branch is where its trunk is.
    const carrier = entity.trunk === undefined ? entity : view.get('interfaces', entity.trunk.interface);
    if (!inVpc(entity) || carrier?.attachment === undefined) continue;
    const instance = view.get('instances', carrier.attachment.instance);
    const subnet = subnets.get(entity.subnet);
    if (instance === undefined || subnet === undefined || !hasDevice(carrier, instance)) continue;
    const netns = namespaceOf(labName, { vpc, instance });
    interfaces.push(fabricInterface(entity, { subnet, netns, publicAddresses: published.get(entity.id) ?? [] }));
  }
  return {
    cidrs6: (vpc.cidrs6 ?? []).filter(({ state }) => state === 'associated').map(({ cidr }) => prefix6(cidr)),
    cidrs: vpc.cidrs.filter(({ state }) => state === 'associated').map(({ cidr }) => cidr),
    subnets: [...subnets.values()].map((subnet) => fabricSubnet(view, subnet)),
    interfaces,
    groups: [...view.all('groups')].filter(inVpc),
    prefixLists: Object.fromEntries([...view.all('prefixLists')].map((list) => [list.id, rangesOf(list)])),
    natGateways: [...view.all('natGateways')].filter(inVpc).flatMap((each) => natGateway(view, each)),
    outside,
    services: [ipv4(IMDS_ADDRESS), ...dnsAddresses(vpc)],
  };
}

function fabricSubnet(view: View, subnet: SubnetEntity): FabricSubnet {
  const cidr6 = liveRange6(subnet);
  return { cidr: subnet.cidr, ...(cidr6 !== undefined && { cidr6 }), routes: routesOf(view, subnet) };
}

const rangesOf = ({ versions }: PrefixListEntity): readonly Prefix[] =>
  (versions.at(-1) ?? []).map(({ cidr }) => prefix(cidr));

/** Elastic addresses by the interface that they are mapped to. */
function publishedBy(view: View): ReadonlyMap<string, readonly PublicAddress[]> {
  const published = new Map<string, PublicAddress[]>();
  for (const { address, association } of view.all('elasticAddresses')) {
    if (association?.interface === undefined) continue;
    const own = published.get(association.interface) ?? [];
    own.push({ address: association.address, public: address });
    published.set(association.interface, own);
  }
  return published;
}

const samePairs = (a: readonly PublicAddress[] = [], b: readonly PublicAddress[]): boolean =>
  a.length === b.length && a.every((one, at) => one.address === b[at]?.address && one.public === b[at]?.public);

function natGateway(view: View, gateway: NatGatewayEntity): readonly FabricNatGateway[] {
  const subnet = view.get('subnets', gateway.subnet);
  if (subnet === undefined || gateway.state !== 'available') return [];
  const elastic = addressOf(view, gateway);
  return [{ id: gateway.id, subnet: subnet.cidr, ...(elastic !== undefined && { publicAddress: elastic.address }) }];
}

/** A machine that boots has the interfaces of its launch; later ones appear when they are attached. */
const hasDevice = ({ attachment }: InterfaceEntity, instance: InstanceEntity): boolean =>
  isLive(instance) && (attachment?.status === 'attached' || instance.state === 'pending');

const made = new WeakMap<InterfaceEntity, FabricInterface>();

function fabricInterface(
  entity: InterfaceEntity,
  {
    subnet,
    netns,
    publicAddresses,
  }: {
    readonly subnet: SubnetEntity;
    readonly netns: string;
    readonly publicAddresses: readonly PublicAddress[];
  },
): FabricInterface {
  const known = made.get(entity);
  if (known !== undefined && known.netns === netns && samePairs(known.publicAddresses, publicAddresses)) return known;
  const value: FabricInterface = {
    id: entity.id,
    mac: entity.mac,
    netns,
    deviceIndex: entity.attachment?.deviceIndex ?? 0,
    subnet: subnet.cidr,
    addresses: entity.addresses,
    prefixes: entity.prefixes,
    addresses6: (entity.addresses6 ?? []).map(ipv6),
    prefixes6: (entity.prefixes6 ?? []).map(prefix6),
    groups: entity.groups,
    sourceDestCheck: entity.sourceDestCheck,
    publicAddresses,
    ...(entity.trunk !== undefined && { trunk: { interface: entity.trunk.interface, vlan: entity.trunk.vlan } }),
  };
  made.set(entity, value);
  return value;
}
