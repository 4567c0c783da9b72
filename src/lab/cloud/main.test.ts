/** The cloud as a process of its own, with the kernel's namespaces and real packets. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import {
  AssignIpv6AddressesCommand,
  AssociateSubnetCidrBlockCommand,
  AssociateVpcCidrBlockCommand,
  AttachNetworkInterfaceCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateNetworkInterfaceCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
  RevokeSecurityGroupIngressCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type ScratchInstances, scratchInstances } from '../fabric/testing/scratch-instances.ts';
import { lab } from '../names.ts';
import { type LabVpc, makeVpc } from '../vpc.ts';

const run = promisify(execFile);
const name = `c${process.pid}`;
const flags = ['--disable-warning=ExperimentalWarning'];

let folder: string;
let cloud: ChildProcess;
let ec2: EC2Client;
let vpc: LabVpc;
let witnesses: ScratchInstances;

async function start(): Promise<void> {
  const where = ['--name', name, '--run-dir', folder, '--state', join(folder, 'state'), '--listen', '127.0.0.1:0'];
  cloud = spawn(process.execPath, [...flags, join(import.meta.dirname, 'main.ts'), ...where, '--latency', 'fast'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (cloud.stdout === null) throw new Error('no standard output');
  const [line] = (await once(createInterface({ input: cloud.stdout }), 'line')) as [string];
  const { event, endpoint } = JSON.parse(line) as { readonly event: string; readonly endpoint: string };
  expect(event).toBe('ready');
  const credentials = { accessKeyId: lab.accessKeyId, secretAccessKey: lab.secretAccessKey };
  ec2 = new EC2Client({ endpoint, region: lab.region, credentials });
}

async function stop(): Promise<number | null> {
  ec2.destroy();
  if (cloud.exitCode !== null) return cloud.exitCode;
  cloud.kill('SIGTERM');
  const [code] = (await once(cloud, 'exit')) as [number | null];
  return code;
}

const netnsOf = (node: string): string => `${name}-${node}`;
const inside = async (node: string, program: string): Promise<string> => {
  const command = ['netns', 'exec', netnsOf(node), process.execPath, ...flags, '--input-type=module', '-e', program];
  return (await run('ip', command)).stdout.trim();
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'brlt-cloud-main-'));
  await start();
  vpc = await makeVpc(ec2, { nodeTypes: ['m5.large', 'm5.large'] });
  witnesses = scratchInstances();
  for (const node of vpc.nodes) await witnesses.watch(netnsOf(node.name), [node.address]);
});

afterAll(async () => {
  witnesses.destroy();
  await stop();
  const announced = join(folder, 'netns');
  for (const netns of existsSync(announced) ? readdirSync(announced) : []) spawnSync('ip', ['netns', 'del', netns]);
  rmSync(folder, { recursive: true, force: true });
});

/** Whether the first node reaches the second, by their primary addresses or by others. */
async function isOpen(port: number, expected: boolean, addresses?: readonly string[]): Promise<boolean> {
  const [from, to] = vpc.nodes;
  if (from === undefined || to === undefined) throw new Error('two nodes');
  const [source = '', target = ''] = addresses ?? [from.address, to.address];
  const ends = { from: netnsOf(from.name), to: netnsOf(to.name), source, target };
  const [open] = await witnesses.probe([{ ...ends, protocol: 6, port, expected }]);
  return open ?? false;
}

const everythingAmongThemselves = () => ({
  GroupId: vpc.clusterGroup,
  IpPermissions: [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: vpc.clusterGroup }] }],
});
const postgres = () => ({
  GroupId: vpc.clusterGroup,
  IpPermissions: [{ IpProtocol: 'tcp', FromPort: 5432, ToPort: 5432, IpRanges: [{ CidrIp: lab.vpcCidr }] }],
});

/** Gives an instance's primary interface an address more. */
async function giveIpv6(instance: string): Promise<string> {
  const Filters = [
    { Name: 'attachment.instance-id', Values: [instance] },
    { Name: 'attachment.device-index', Values: ['0'] },
  ];
  const { NetworkInterfaces } = await ec2.send(new DescribeNetworkInterfacesCommand({ Filters }));
  const wish = { NetworkInterfaceId: NetworkInterfaces?.[0]?.NetworkInterfaceId, Ipv6AddressCount: 1 };
  const { AssignedIpv6Addresses } = await ec2.send(new AssignIpv6AddressesCommand(wish));
  return AssignedIpv6Addresses?.[0] ?? '';
}

describe('the cloud’s process', () => {
  it('lets packets through as the rules say, at once', async () => {
    expect(await isOpen(80, true)).toBe(true);
    await ec2.send(new RevokeSecurityGroupIngressCommand(everythingAmongThemselves()));
    await ec2.send(new AuthorizeSecurityGroupIngressCommand(postgres()));
    expect(await isOpen(5432, true)).toBe(true);
    expect(await isOpen(80, false)).toBe(false);
  });

  it('answers as EC2 and as the metadata service inside the VPC', async () => {
    const [node] = vpc.nodes;
    const ask = `const answer = await fetch('http://203.0.113.10/'); console.log(answer.status);`;
    expect(await inside(node?.name ?? '', ask)).toBe('401');
    const metadata = `
      const at = 'http://169.254.169.254/latest/';
      const ttl = { 'x-aws-ec2-metadata-token-ttl-seconds': '60' };
      const token = await (await fetch(at + 'api/token', { method: 'PUT', headers: ttl })).text();
      const headers = { 'x-aws-ec2-metadata-token': token };
      console.log(await (await fetch(at + 'meta-data/instance-id', { headers })).text());`;
    expect(await inside(node?.name ?? '', metadata)).toBe(node?.id);
  });

  it('plugs a further interface in as a device that is down', async () => {
    const [node] = vpc.nodes;
    const { NetworkInterface: eni } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: vpc.subnet }));
    const place = { NetworkInterfaceId: eni?.NetworkInterfaceId, InstanceId: node?.id, DeviceIndex: 1 };
    await ec2.send(new AttachNetworkInterfaceCommand(place));
    const link = witnesses.ip(netnsOf(node?.name ?? ''), '-o', 'link', 'show', 'eth1');
    expect(link).toContain(eni?.MacAddress ?? 'a MAC address');
    expect(link).toContain('state DOWN');
  });

  it('carries IPv6 as soon as the VPC, the subnet, the interfaces and a rule have it', async () => {
    const more = { VpcId: vpc.vpc, AmazonProvidedIpv6CidrBlock: true };
    const { Ipv6CidrBlockAssociation: range } = await ec2.send(new AssociateVpcCidrBlockCommand(more));
    const Ipv6CidrBlock = (range?.Ipv6CidrBlock ?? '').replace('/56', '/64');
    await ec2.send(new AssociateSubnetCidrBlockCommand({ SubnetId: vpc.subnet, Ipv6CidrBlock }));
    const addresses: string[] = [];
    for (const node of vpc.nodes) addresses.push(await giveIpv6(node.id));
    expect(await isOpen(5432, false, addresses)).toBe(false);
    const Ipv6Ranges = [{ CidrIpv6: Ipv6CidrBlock }];
    const rule = {
      GroupId: vpc.clusterGroup,
      IpPermissions: [{ IpProtocol: 'tcp', FromPort: 5432, ToPort: 5432, Ipv6Ranges }],
    };
    await ec2.send(new AuthorizeSecurityGroupIngressCommand(rule));
    expect(await isOpen(5432, true, addresses)).toBe(true);
    await ec2.send(new RevokeSecurityGroupIngressCommand(rule));
  });

  it('ends cleanly, leaves its packets forwarding, and carries on at its next start', async () => {
    expect(await stop()).toBe(0);
    expect(await isOpen(5432, true)).toBe(true);
    expect(await isOpen(80, false)).toBe(false);
    await start();
    const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [vpc.clusterGroup] }));
    expect(SecurityGroups?.[0]?.IpPermissions).toMatchObject([{ FromPort: 5432 }]);
    await ec2.send(new RevokeSecurityGroupIngressCommand(postgres()));
    await ec2.send(new AuthorizeSecurityGroupIngressCommand(everythingAmongThemselves()));
    expect(await isOpen(80, true)).toBe(true);
  });

  it('takes an instance’s namespace away with it', async () => {
    const { id, name: node } = vpc.controlPlane;
    expect(existsSync(`/run/netns/${netnsOf(node)}`)).toBe(true);
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    expect(existsSync(`/run/netns/${netnsOf(node)}`)).toBe(false);
  });
});
