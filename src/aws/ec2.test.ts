import { type EC2Client } from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';

import { createEc2Client } from './client.ts';
import { createEc2 } from './ec2.ts';

interface Command {
  readonly constructor: { readonly name: string };
  readonly input: Readonly<Record<string, unknown>>;
}

/** The SDK's client, answered by a script: each call takes the next entry, which must be of its command. */
function scripted(script: readonly (readonly [command: string, answer: object | Error])[]) {
  const left = [...script];
  const inputs: Readonly<Record<string, unknown>>[] = [];
  const client = {
    send: async (command: Command): Promise<object> => {
      const name = command.constructor.name.replace(/Command$/, '');
      const next = left.shift();
      if (next?.[0] !== name) throw new Error(`the script has ${next?.[0] ?? 'nothing'} here, not ${name}`);
      inputs.push(command.input);
      if (next[1] instanceof Error) throw next[1];
      return next[1];
    },
  };
  return { ec2: createEc2(client as unknown as EC2Client), inputs, left };
}

const refusal = (name: string, message: string): Error =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode: 400 } });

const eni = (more: object = {}) => ({
  NetworkInterfaceId: 'eni-1',
  MacAddress: '02:AA:00:00:00:01',
  SubnetId: 'subnet-1',
  VpcId: 'vpc-1',
  Status: 'available',
  InterfaceType: 'interface',
  Groups: [{ GroupId: 'sg-1' }],
  PrivateIpAddress: '10.0.0.4',
  PrivateIpAddresses: [
    { PrivateIpAddress: '10.0.0.4', Primary: true },
    { PrivateIpAddress: '10.0.0.5', Primary: false },
  ],
  ...more,
});
const attached = {
  AttachmentId: 'eni-attach-1',
  InstanceId: 'i-1',
  DeviceIndex: 1,
  NetworkCardIndex: 0,
  Status: 'attached',
};
const attach = { interface: 'eni-1', instance: 'i-1', deviceIndex: 1, card: 0 };

describe('createEc2', () => {
  it('reads every page, also past an empty one', async () => {
    const { ec2, inputs } = scripted([
      ['DescribeNetworkInterfaces', { NetworkInterfaces: [eni()], NextToken: 'a' }],
      ['DescribeNetworkInterfaces', { NetworkInterfaces: [], NextToken: 'b' }],
      ['DescribeNetworkInterfaces', { NetworkInterfaces: [eni({ NetworkInterfaceId: 'eni-2' })] }],
    ]);
    expect((await ec2.interfaces({})).map(({ id }) => id)).toEqual(['eni-1', 'eni-2']);
    expect(inputs.map(({ NextToken }) => NextToken)).toEqual([undefined, 'a', 'b']);
    expect(inputs[0]).not.toHaveProperty('Filters');
  });

  it('asks for many ids in filters of 200 values', async () => {
    const { ec2, inputs } = scripted([
      ['DescribeNetworkInterfaces', {}],
      ['DescribeNetworkInterfaces', {}],
    ]);
    await ec2.interfaces({ ids: Array.from({ length: 201 }, (_, index) => `eni-${index}`) });
    const sizes = inputs.map(({ Filters }) => (Filters as { Values: string[] }[])[0]?.Values.length);
    expect(sizes).toEqual([200, 1]);
  });

  it('reads an interface as the port has it', async () => {
    const { ec2 } = scripted([['DescribeNetworkInterfaces', { NetworkInterfaces: [eni({ Attachment: attached })] }]]);
    expect(await ec2.interfaces({ ids: ['eni-1'] })).toEqual([
      {
        id: 'eni-1',
        mac: '02:aa:00:00:00:01',
        subnet: 'subnet-1',
        vpc: 'vpc-1',
        status: 'available',
        interfaceType: 'interface',
        groups: ['sg-1'],
        primaryAddress: '10.0.0.4',
        addresses: ['10.0.0.5'],
        prefixes: [],
        tags: {},
        attachment: {
          id: 'eni-attach-1',
          instance: 'i-1',
          deviceIndex: 1,
          card: 0,
          status: 'attached',
          deleteOnTermination: false,
        },
      },
    ]);
  });

  it('reads all pages of one version of a prefix list, and of AWS’s own that has none', async () => {
    const { ec2, inputs } = scripted([
      ['DescribeManagedPrefixLists', { PrefixLists: [{ PrefixListId: 'pl-1', Version: 3 }, { PrefixListId: 'pl-2' }] }],
      ['GetManagedPrefixListEntries', { Entries: [{ Cidr: '10.0.0.0/8' }], NextToken: 'a' }],
      ['GetManagedPrefixListEntries', { Entries: [{ Cidr: '192.0.2.0/24', Description: 'x' }] }],
      ['GetManagedPrefixListEntries', {}],
    ]);
    expect(await ec2.prefixLists(['pl-1', 'pl-2'])).toEqual([{ id: 'pl-1', version: 3 }, { id: 'pl-2' }]);
    expect(await ec2.prefixListEntries({ list: 'pl-1', version: 3 })).toEqual(['10.0.0.0/8', '192.0.2.0/24']);
    expect(await ec2.prefixListEntries({ list: 'pl-2' })).toEqual([]);
    expect(inputs.map(({ TargetVersion }) => TargetVersion)).toEqual([undefined, 3, 3, undefined]);
  });

  it('names the field that an answer lacks', async () => {
    const { ec2 } = scripted([['DescribeNetworkInterfaces', { NetworkInterfaces: [eni({ MacAddress: undefined })] }]]);
    await expect(ec2.interfaces({})).rejects.toMatchObject({
      code: 'ec2-answer-invalid',
      detail: 'NetworkInterface.MacAddress is missing',
    });
  });

  it('lists only the ranges that are associated, the primary one first', async () => {
    const { ec2 } = scripted([
      [
        'DescribeVpcs',
        {
          Vpcs: [
            {
              CidrBlock: '10.0.0.0/16',
              CidrBlockAssociationSet: [
                { CidrBlock: '100.64.0.0/16', CidrBlockState: { State: 'associated' } },
                { CidrBlock: '10.0.0.0/16', CidrBlockState: { State: 'associated' } },
                { CidrBlock: '10.9.0.0/16', CidrBlockState: { State: 'disassociated' } },
              ],
            },
          ],
        },
      ],
    ]);
    expect(await ec2.vpcCidrs('vpc-1')).toEqual(['10.0.0.0/16', '100.64.0.0/16']);
  });

  it('drops the ports that DescribeSecurityGroupRules gives for all traffic', async () => {
    const { ec2 } = scripted([
      ['DescribeSecurityGroups', { SecurityGroups: [{ GroupId: 'sg-1', VpcId: 'vpc-1', GroupName: 'one' }] }],
      [
        'DescribeSecurityGroupRules',
        {
          SecurityGroupRules: [
            {
              SecurityGroupRuleId: 'sgr-1',
              GroupId: 'sg-1',
              IsEgress: true,
              IpProtocol: '-1',
              FromPort: -1,
              ToPort: -1,
              CidrIpv6: '::/0',
            },
            {
              SecurityGroupRuleId: 'sgr-0',
              GroupId: 'sg-1',
              IsEgress: false,
              IpProtocol: 'tcp',
              FromPort: 80,
              ToPort: 80,
              PrefixListId: 'pl-1',
              Description: 'from the office',
            },
          ],
        },
      ],
    ]);
    expect((await ec2.securityGroups('vpc-1'))[0]?.rules).toEqual([
      {
        id: 'sgr-0',
        direction: 'ingress',
        protocol: 'tcp',
        fromPort: 80,
        toPort: 80,
        peer: { kind: 'prefixList', prefixList: 'pl-1' },
        description: 'from the office',
      },
      { id: 'sgr-1', direction: 'egress', protocol: '-1', peer: { kind: 'cidr', cidr: '::/0' } },
    ]);
  });

  it('asks for associations one by one when EC2 does not know one of them', async () => {
    const association = (id: string) => ({
      AssociationId: id,
      TrunkInterfaceId: 'eni-t',
      BranchInterfaceId: 'eni-b',
      VlanId: 7,
    });
    const unknown = refusal('InvalidAssociationID.NotFound', 'The association ID does not exist');
    const { ec2, inputs } = scripted([
      ['DescribeTrunkInterfaceAssociations', unknown],
      ['DescribeTrunkInterfaceAssociations', { InterfaceAssociations: [association('a')] }],
      ['DescribeTrunkInterfaceAssociations', unknown],
    ]);
    expect(await ec2.trunkAssociations(['a', 'b'])).toEqual([{ id: 'a', trunk: 'eni-t', branch: 'eni-b', vlan: 7 }]);
    expect(inputs.map(({ AssociationIds }) => AssociationIds)).toEqual([['a', 'b'], ['a'], ['b']]);
  });

  it('says so when EC2 does not let it see associations', async () => {
    const { ec2 } = scripted([
      ['DescribeTrunkInterfaceAssociations', refusal('UnauthorizedOperation', 'You are not authorized')],
    ]);
    await expect(ec2.trunkAssociations(['a'])).rejects.toMatchObject({ code: 'ec2-unauthorized' });
  });

  it('takes its own attachment for success after a lost answer', async () => {
    const { ec2, left } = scripted([
      ['AttachNetworkInterface', refusal('InvalidNetworkInterface.InUse', 'Interface: [eni-1] in use.')],
      ['DescribeNetworkInterfaces', { NetworkInterfaces: [eni({ Attachment: attached })] }],
    ]);
    expect(await ec2.attachInterface(attach)).toEqual({ attachment: 'eni-attach-1' });
    expect(left).toEqual([]);
  });

  it.each([
    ['another index', { ...attached, DeviceIndex: 2 }],
    ['another instance', { ...attached, InstanceId: 'i-2' }],
    ['an attachment that is going', { ...attached, Status: 'detaching' }],
    ['none', undefined],
  ])('does not take %s for its own attachment', async (_, Attachment) => {
    const { ec2 } = scripted([
      ['AttachNetworkInterface', refusal('InvalidNetworkInterface.InUse', 'Interface: [eni-1] in use.')],
      ['DescribeNetworkInterfaces', { NetworkInterfaces: [eni({ Attachment })] }],
    ]);
    await expect(ec2.attachInterface(attach)).rejects.toMatchObject({ code: 'ec2-busy' });
  });

  it('unassigns what is left when some addresses are gone already', async () => {
    const { ec2, inputs } = scripted([
      [
        'UnassignPrivateIpAddresses',
        refusal('InvalidParameterValue', 'Some of the specified addresses are not assigned …'),
      ],
      ['DescribeNetworkInterfaces', { NetworkInterfaces: [eni()] }],
      ['UnassignPrivateIpAddresses', {}],
    ]);
    await ec2.unassignAddresses({ interface: 'eni-1', addresses: ['10.0.0.5', '10.0.0.6'] });
    expect(inputs[2]).toMatchObject({ PrivateIpAddresses: ['10.0.0.5'] });
  });

  it('does not hide another refusal to unassign', async () => {
    const { ec2 } = scripted([
      ['UnassignPrivateIpAddresses', refusal('InvalidParameterValue', 'the primary address cannot be unassigned')],
      ['DescribeNetworkInterfaces', { NetworkInterfaces: [eni()] }],
    ]);
    await expect(ec2.unassignAddresses({ interface: 'eni-1', addresses: ['10.0.0.5'] })).rejects.toMatchObject({
      code: 'ec2-refused',
    });
  });
});

describe('createEc2Client', () => {
  it('takes endpoint, region and credentials from the environment that it is given', async () => {
    const client = createEc2Client({
      environment: {
        AWS_ENDPOINT_URL: 'http://203.0.113.10:8080',
        AWS_REGION: 'us-west-2',
        AWS_ACCESS_KEY_ID: 'AKIA',
        AWS_SECRET_ACCESS_KEY: 'secret',
        AWS_SESSION_TOKEN: 'session',
      },
    });
    expect(await client.config.region()).toBe('us-west-2');
    expect(await client.config.endpoint?.()).toMatchObject({ hostname: '203.0.113.10', port: 8080, protocol: 'http:' });
    expect(await client.config.credentials()).toMatchObject({
      accessKeyId: 'AKIA',
      secretAccessKey: 'secret',
      sessionToken: 'session',
    });
    expect(await client.config.maxAttempts()).toBe(3);
    client.destroy();
  });
});
