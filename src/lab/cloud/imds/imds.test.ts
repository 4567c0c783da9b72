import { beforeEach, describe, expect, it } from 'vitest';

import { CloudModel, makeInterface, runInstance, sampleVpc } from '../testing/cloud-model.ts';
import { type ImdsRequest, answerImds } from './answer-request.ts';
import { roleCredentials } from './credentials.ts';
import { instanceAt } from './imds-server.ts';
import { metadataTree } from './metadata-tree.ts';
import { createTokens } from './tokens.ts';

let cloud: CloudModel;
let subnet: string;
let instance: string;
let vpc: string;
const tokens = createTokens(() => cloud.nowMs);

beforeEach(() => {
  cloud = new CloudModel();
  ({ vpc, subnet } = sampleVpc(cloud));
  instance = runInstance(cloud, subnet);
});

function ask(method: string, path: string, headers: Readonly<Record<string, string>> = {}, id = instance) {
  const entity = cloud.state.get('instances', id);
  if (entity === undefined) throw new Error('no such instance');
  const request: ImdsRequest = { method, path, header: (name) => headers[name] };
  const tree = metadataTree(cloud.state, entity, {
    region: 'us-west-2',
    account: '111122223333',
    credentials: () => roleCredentials(entity, cloud.nowMs),
  });
  return answerImds(request, { instance: entity, tree, tokens });
}

const newToken = (seconds = 60): string =>
  ask('PUT', '/latest/api/token', { 'x-aws-ec2-metadata-token-ttl-seconds': String(seconds) }).body;

/** The body, or the status of a refusal. */
const get = (path: string): string | number => {
  const { status, body } = ask('GET', path, { 'x-aws-ec2-metadata-token': newToken() });
  return status === 200 ? body : status;
};

describe('the metadata service', () => {
  it('asks for a token, unless the instance says otherwise', () => {
    expect(ask('GET', '/latest/meta-data/instance-id').status).toBe(401);
    cloud.call('ModifyInstanceMetadataOptions', { InstanceId: instance, HttpTokens: 'optional' });
    expect(ask('GET', '/latest/meta-data/instance-id').body).toBe(instance);
    expect(ask('GET', '/latest/meta-data/', { 'x-aws-ec2-metadata-token': 'forged' }).status).toBe(401);
    cloud.call('ModifyInstanceMetadataOptions', { InstanceId: instance, HttpEndpoint: 'disabled' });
    expect(ask('GET', '/latest/meta-data/instance-id').status).toBe(403);
  });

  it('shows IPv6 where the interface, its subnet and its VPC have it', () => {
    const [mac = ''] = String(get('/latest/meta-data/network/interfaces/macs/')).split('\n');
    const leaf = (name: string) => get(`/latest/meta-data/network/interfaces/macs/${mac}${name}`);
    const names = ['ipv6s', 'ipv6-prefix', 'subnet-ipv6-cidr-blocks', 'vpc-ipv6-cidr-blocks'];
    expect(names.map(leaf)).toEqual([404, 404, 404, 404]);
    cloud.call('AssociateVpcCidrBlock', { VpcId: vpc, AmazonProvidedIpv6CidrBlock: true });
    cloud.call('AssociateSubnetCidrBlock', { SubnetId: subnet, Ipv6CidrBlock: '2001:db8:1::/64' });
    const NetworkInterfaceId = String(leaf('interface-id'));
    cloud.call('AssignIpv6Addresses', { NetworkInterfaceId, Ipv6AddressCount: 2 });
    cloud.call('AssignIpv6Addresses', { NetworkInterfaceId, Ipv6PrefixCount: 1 });
    expect(names.map(leaf)).toEqual([
      '2001:db8:1::4\n2001:db8:1::5',
      '2001:db8:1:0:1::/80',
      '2001:db8:1::/64',
      '2001:db8:1::/56',
    ]);
  });

  it('gives tokens that are good on their own instance, for as long as was asked', () => {
    const token = newToken(60);
    const other = runInstance(cloud, subnet);
    const read = (id: string) => ask('GET', '/latest/meta-data/', { 'x-aws-ec2-metadata-token': token }, id).status;
    expect([read(instance), read(other)]).toEqual([200, 401]);
    cloud.passTime(60_000);
    expect(read(instance)).toBe(401);
  });

  it.each([
    ['without a time to live', '/latest/api/token', {}, 400],
    ['with one that is too long', '/latest/api/token', { 'x-aws-ec2-metadata-token-ttl-seconds': '21601' }, 400],
    ['at a dated path', '/2021-01-03/api/token', { 'x-aws-ec2-metadata-token-ttl-seconds': '60' }, 403],
    [
      'through a proxy',
      '/latest/api/token',
      { 'x-aws-ec2-metadata-token-ttl-seconds': '60', 'x-forwarded-for': '10.0.0.9' },
      403,
    ],
  ])('refuses a token %s', (_what, path, headers, status) => {
    expect(ask('PUT', path, headers as Readonly<Record<string, string>>).status).toBe(status);
  });

  it('shows interfaces as they come and go', () => {
    const eni = makeInterface(cloud, subnet);
    cloud.call('AttachNetworkInterface', { NetworkInterfaceId: eni, InstanceId: instance, DeviceIndex: 1 });
    cloud.call('AssignPrivateIpAddresses', { NetworkInterfaceId: eni, SecondaryPrivateIpAddressCount: 1 });
    const mac = cloud.state.get('interfaces', eni)?.mac ?? '';
    const at = '/latest/meta-data/network/interfaces/macs/';
    expect(String(get(at)).split('\n')).toContain(`${mac}/`);
    expect(get(`${at}${mac}/device-number`)).toBe('1');
    expect(get(`${at}${mac}/local-ipv4s`)).toBe('10.0.0.5\n10.0.0.6');
    expect(get(`${at}${mac}/vpc-ipv4-cidr-blocks/`)).toBe('10.0.0.0/16');
    expect(get(`${at}${mac}/ipv4-prefix`)).toBe(404);
    const AttachmentId = cloud.state.get('interfaces', eni)?.attachment?.id ?? '';
    cloud.call('DetachNetworkInterface', { AttachmentId });
    expect(get(`${at}${mac}/`)).toBe(404);
  });

  it.each([
    '/latest/meta-data/iam/',
    '/latest/user-data',
    '/latest/meta-data/public-ipv4',
    '/latest/meta-data/toString',
  ])('has nothing at %s of an instance without it', (path) => expect(get(path)).toBe(404));

  it('tells who asks by the address, also one of a prefix', () => {
    const [primary] = cloud.call('DescribeNetworkInterfaces', {}).NetworkInterfaces ?? [];
    cloud.call('AssignPrivateIpAddresses', {
      NetworkInterfaceId: primary?.NetworkInterfaceId ?? '',
      Ipv4Prefixes: ['10.0.0.32/28'],
    });
    expect(instanceAt(cloud.state, vpc, '::ffff:10.0.0.4')?.id).toBe(instance);
    expect(instanceAt(cloud.state, vpc, '10.0.0.40')?.id).toBe(instance);
    expect(instanceAt(cloud.state, vpc, '10.0.0.9')).toBeUndefined();
    expect(instanceAt(cloud.state, 'vpc-other', '10.0.0.4')).toBeUndefined();
  });
});
