import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { formatIpv4 } from '../../../core/address/ipv4.ts';
import { formatPrefix4 } from '../../../core/address/prefix.ts';
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
    outside: { open: (_vpc, netns) => opened.push(netns), close: () => undefined },
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
