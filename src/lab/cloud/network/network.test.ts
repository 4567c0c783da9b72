import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { formatIpv4 } from '../../../core/address/ipv4.ts';
import { formatIpv6 } from '../../../core/address/ipv6.ts';
import { formatPrefix, formatPrefix4 } from '../../../core/address/prefix.ts';
import { CloudModel, makeInterface, runInstance, sampleVpc } from '../testing/cloud-model.ts';
import { RecordingFabric, RecordingNamespaces } from '../testing/recording-network.ts';
import { type Network, createNetwork } from './network.ts';

let runDir: string;
let fabrics: Map<string, RecordingFabric>;
let namespaces: RecordingNamespaces;
let opened: string[];
let network: Network;

beforeEach(() => {
  runDir = mkdtempSync(join(tmpdir(), 'brlt-network-'));
  fabrics = new Map();
  namespaces = new RecordingNamespaces();
  opened = [];
  network = createNetwork({
    kernel: namespaces,
    name: 'lab',
    runDir,
    createFabric: (name) => {
      const fabric = new RecordingFabric();
      fabrics.set(name, fabric);
      return fabric;
    },
    outside: { open: (_vpc, { fabric }) => opened.push(fabric), close: () => undefined },
  });
});
afterEach(() => rmSync(runDir, { recursive: true }));

const world = (name = 'lab') => fabrics.get(name)?.world;

describe('the network', () => {
  it('gives each live instance a namespace, announced before it is made, and takes it away with the instance', () => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc(cloud);
    const instance = runInstance(cloud, subnet);
    network.apply(cloud.state, []);
    const name = 'ip-10-0-0-4.us-west-2.compute.internal';
    expect([...namespaces.names]).toEqual([name]);
    expect(readdirSync(join(runDir, 'netns'))).toEqual([name]);
    cloud.call('TerminateInstances', { InstanceIds: [instance] });
    network.apply(cloud.state, []);
    expect([...namespaces.names]).toEqual([]);
    expect(world()?.interfaces).toEqual([]);
  });

  it('tells the fabric of interfaces whose device is there, with their addresses and groups', () => {
    const cloud = new CloudModel({ settlingMs: { attach: 1000 } });
    const { subnet, group } = sampleVpc(cloud);
    const instance = runInstance(cloud, subnet);
    const eni = makeInterface(cloud, subnet);
    cloud.call('ModifyNetworkInterfaceAttribute', { NetworkInterfaceId: eni, Groups: [group] });
    cloud.call('AttachNetworkInterface', { NetworkInterfaceId: eni, InstanceId: instance, DeviceIndex: 1 });
    network.apply(cloud.state, []);
    expect(world()?.interfaces.map((each) => each.deviceIndex)).toEqual([0]);
    cloud.passTime(1000);
    network.apply(cloud.state, []);
    expect(world()?.interfaces[1]).toMatchObject({ id: eni, deviceIndex: 1, groups: [group] });
    expect(world()?.interfaces[1]?.addresses.map(formatIpv4)).toEqual(['10.0.0.5']);
    expect(world()?.cidrs.map(formatPrefix4)).toEqual(['10.0.0.0/16']);
    expect(world()?.outside.map(formatIpv4)).toEqual(['203.0.113.10']);
    expect(world()?.services?.map(formatIpv4)).toEqual(['169.254.169.254', '169.254.169.253', '10.0.0.2']);
  });

  it('keeps the values of what has not changed, so that a fabric can compare them at once', () => {
    const cloud = new CloudModel();
    const { subnet } = sampleVpc(cloud);
    runInstance(cloud, subnet);
    network.apply(cloud.state, []);
    const [before] = world()?.interfaces ?? [];
    makeInterface(cloud, subnet);
    network.apply(cloud.state, []);
    expect(world()?.interfaces[0]).toBe(before);
  });

  it('tells the fabric each subnet’s routes as gateways come and go', () => {
    const cloud = new CloudModel();
    const { vpc, subnet } = sampleVpc(cloud);
    const table = cloud.call('CreateRouteTable', { VpcId: vpc }).RouteTable?.RouteTableId ?? '';
    const gateway = cloud.call('CreateInternetGateway', {}).InternetGateway?.InternetGatewayId ?? '';
    cloud.call('AttachInternetGateway', { InternetGatewayId: gateway, VpcId: vpc });
    cloud.call('CreateRoute', { RouteTableId: table, DestinationCidrBlock: '0.0.0.0/0', GatewayId: gateway });
    const targets = () => {
      network.apply(cloud.state, []);
      return world()?.subnets.map(({ routes }) => routes?.map(({ target }) => target.kind));
    };
    expect(targets()).toEqual([[]]);
    cloud.call('AssociateRouteTable', { RouteTableId: table, SubnetId: subnet });
    expect(targets()).toEqual([['internetGateway']]);
    cloud.call('DetachInternetGateway', { InternetGatewayId: gateway, VpcId: vpc });
    expect(targets()).toEqual([['blackhole']]);
  });

  it('tells the fabric who is who beyond the gateways, and of nothing else anew', () => {
    const cloud = new CloudModel();
    const { vpc, subnet } = sampleVpc(cloud);
    const gateway = cloud.call('CreateInternetGateway', {}).InternetGateway?.InternetGatewayId ?? '';
    cloud.call('AttachInternetGateway', { InternetGatewayId: gateway, VpcId: vpc });
    const instances = [runInstance(cloud, subnet), runInstance(cloud, subnet)];
    network.apply(cloud.state, []);
    const [, other] = world()?.interfaces ?? [];
    const [own, nat] = [1, 2].map(() => cloud.call('AllocateAddress', {}).AllocationId ?? '');
    cloud.call('AssociateAddress', { AllocationId: own ?? '', InstanceId: instances[0] ?? '' });
    cloud.call('CreateNatGateway', { AllocationId: nat ?? '', SubnetId: subnet });
    network.apply(cloud.state, []);
    expect(world()?.interfaces[0]?.publicAddresses?.map((pair) => formatIpv4(pair.public))).toEqual(['203.0.113.128']);
    expect(world()?.interfaces[1]).toBe(other);
    expect(world()?.natGateways?.map(({ publicAddress = 0 }) => formatIpv4(publicAddress as never))).toEqual([
      '203.0.113.129',
    ]);
  });

  it('tells the fabric of ranges, routes, addresses, prefixes and rules of IPv6', () => {
    const cloud = new CloudModel();
    const { vpc, subnet, group } = sampleVpc(cloud);
    cloud.call('AssociateVpcCidrBlock', { VpcId: vpc, AmazonProvidedIpv6CidrBlock: true });
    cloud.call('AssociateSubnetCidrBlock', { SubnetId: subnet, Ipv6CidrBlock: '2001:db8:1:7::/64' });
    runInstance(cloud, subnet);
    const eni = cloud.call('DescribeNetworkInterfaces', {}).NetworkInterfaces?.[0]?.NetworkInterfaceId;
    cloud.call('AssignIpv6Addresses', { NetworkInterfaceId: eni, Ipv6AddressCount: 1 });
    cloud.call('AssignIpv6Addresses', { NetworkInterfaceId: eni, Ipv6PrefixCount: 1 });
    const table = cloud.call('DescribeRouteTables', {}).RouteTables?.[0]?.RouteTableId ?? '';
    const gateway = cloud.call('CreateInternetGateway', {}).InternetGateway?.InternetGatewayId ?? '';
    cloud.call('AttachInternetGateway', { InternetGatewayId: gateway, VpcId: vpc });
    cloud.call('CreateRoute', { RouteTableId: table, DestinationIpv6CidrBlock: '::/0', GatewayId: gateway });
    const IpPermissions = [{ IpProtocol: '-1', Ipv6Ranges: [{ CidrIpv6: '2001:db8:9::/48' }] }];
    cloud.call('AuthorizeSecurityGroupIngress', { GroupId: group, IpPermissions });
    network.apply(cloud.state, []);
    const [one] = world()?.interfaces ?? [];
    expect(world()?.cidrs6?.map(formatPrefix)).toEqual(['2001:db8:1::/56']);
    expect(world()?.subnets.map(({ cidr6 }) => cidr6 && formatPrefix(cidr6))).toEqual(['2001:db8:1:7::/64']);
    expect(world()?.subnets[0]?.routes?.map(({ destination }) => formatPrefix(destination))).toEqual(['::/0']);
    expect(one?.addresses6?.map(formatIpv6)).toEqual(['2001:db8:1:7::4']);
    expect(one?.prefixes6?.map(formatPrefix)).toEqual(['2001:db8:1:7:1::/80']);
    const peers = world()
      ?.groups.find(({ id }) => id === group)
      ?.rules.map(({ peer }) => peer);
    expect(peers).toContainEqual({ kind: 'cidr', cidr: '2001:db8:9::/48' });
  });

  it('puts a branch where its trunk is', () => {
    const cloud = new CloudModel({ quotas: { trunks: true } });
    const { subnet } = sampleVpc(cloud);
    const InstanceId = runInstance(cloud, subnet);
    const made = cloud.call('CreateNetworkInterface', { SubnetId: subnet, InterfaceType: 'trunk' });
    const trunk = made.NetworkInterface?.NetworkInterfaceId ?? '';
    const branch = makeInterface(cloud, subnet);
    cloud.call('AssociateTrunkInterface', { TrunkInterfaceId: trunk, BranchInterfaceId: branch, VlanId: 7 });
    network.apply(cloud.state, []);
    expect(world()?.interfaces).toHaveLength(1);
    cloud.call('AttachNetworkInterface', { NetworkInterfaceId: trunk, InstanceId, DeviceIndex: 1 });
    network.apply(cloud.state, []);
    const [, , carried] = world()?.interfaces ?? [];
    expect(carried).toMatchObject({
      id: branch,
      trunk: { interface: trunk, vlan: 7 },
      netns: world()?.interfaces[0]?.netns,
    });
  });

  it('gives every VPC a fabric of its own, and ends it with its VPC', () => {
    const cloud = new CloudModel();
    sampleVpc(cloud);
    const second = cloud.call('CreateVpc', { CidrBlock: '10.0.0.0/16' }).Vpc?.VpcId ?? '';
    const { Subnet: subnet } = cloud.call('CreateSubnet', { VpcId: second, CidrBlock: '10.0.0.0/24' });
    runInstance(cloud, subnet?.SubnetId ?? '');
    network.apply(cloud.state, []);
    expect(opened).toEqual(['brl-lab-fabric', 'brl-lab-2-fabric']);
    expect(world('lab')?.interfaces).toEqual([]);
    expect(world('lab-2')?.interfaces[0]?.netns).toBe('lab-2-ip-10-0-0-4.us-west-2.compute.internal');
    const third = cloud.call('CreateVpc', { CidrBlock: '10.0.0.0/16' }).Vpc?.VpcId ?? '';
    network.apply(cloud.state, []);
    cloud.call('DeleteVpc', { VpcId: third });
    network.apply(cloud.state, []);
    expect(fabrics.get('lab-3')?.destroyed).toBe(true);
  });
});
