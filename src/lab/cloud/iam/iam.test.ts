import {
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  DeleteNetworkInterfaceCommand,
  DescribeNetworkInterfacesCommand,
  DescribeVpcsCommand,
  EC2Client,
  type EC2ServiceException,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Cloud, startCloud } from '../start-cloud.ts';
import { type Access, evaluatePolicies } from './evaluate-policy.ts';
import { readAccessKeys, readPolicy } from './policy.ts';

const owned = 'aws:ResourceTag/branchline.dev/cluster';
const keys = readAccessKeys({
  keys: [
    {
      accessKeyId: 'AKIAADMIN',
      secretAccessKey: 'admin',
      arn: 'arn:aws:iam::111122223333:user/admin',
      policies: [{ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }],
    },
    {
      accessKeyId: 'AKIACONTROLLER',
      secretAccessKey: 'controller',
      arn: 'arn:aws:iam::111122223333:role/branchline',
      policies: [
        {
          Version: '2012-10-17',
          Statement: [
            { Effect: 'Allow', Action: ['ec2:DescribeNetworkInterfaces'], Resource: '*' },
            {
              Effect: 'Allow',
              Action: 'ec2:CreateNetworkInterface',
              Resource: ['arn:aws:ec2:*:*:subnet/*', 'arn:aws:ec2:*:*:security-group/*'],
            },
            {
              Effect: 'Allow',
              Action: 'ec2:CreateNetworkInterface',
              Resource: 'arn:aws:ec2:*:*:network-interface/*',
              Condition: { StringEquals: { 'aws:RequestTag/branchline.dev/cluster': 'lab' } },
            },
            {
              Effect: 'Allow',
              Action: 'ec2:CreateTags',
              Resource: 'arn:aws:ec2:*:*:network-interface/*',
              Condition: { StringEquals: { 'ec2:CreateAction': 'CreateNetworkInterface' } },
            },
            {
              Effect: 'Allow',
              Action: 'ec2:DeleteNetworkInterface',
              Resource: '*',
              Condition: { StringEquals: { [owned]: 'lab' } },
            },
          ],
        },
      ],
    },
  ],
});

let cloud: Cloud;
const clients: EC2Client[] = [];
const clientOf = (accessKeyId: string, secretAccessKey: string): EC2Client => {
  const credentials = { accessKeyId, secretAccessKey };
  const client = new EC2Client({ endpoint: cloud.endpoint, region: 'us-west-2', credentials, maxAttempts: 1 });
  clients.push(client);
  return client;
};

beforeAll(async () => {
  cloud = await startCloud({ seed: 'iam', accessKeys: keys });
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await cloud.close();
});

const refusal = (call: Promise<unknown>): Promise<EC2ServiceException | undefined> =>
  call.then(
    () => undefined,
    (error: unknown) => error as EC2ServiceException,
  );

describe('the strict mode', () => {
  it.each([
    ['an unknown key', 'AKIANOBODY', 'x'],
    ['a wrong secret', 'AKIAADMIN', 'guess'],
  ])('refuses %s with 401', async (_what, id, secret) => {
    const error = await refusal(clientOf(id, secret).send(new DescribeVpcsCommand({})));
    expect([error?.name, error?.$metadata.httpStatusCode]).toEqual(['AuthFailure', 401]);
  });

  it('lets the published policy do its work, and nothing else', async () => {
    const admin = clientOf('AKIAADMIN', 'admin');
    const controller = clientOf('AKIACONTROLLER', 'controller');
    const { Vpc } = await admin.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
    const { Subnet } = await admin.send(new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: '10.0.0.0/24' }));
    const group = { VpcId: Vpc?.VpcId, GroupName: 'web', Description: 'Web (all) & more: “*”'.replace(/[“”]/g, '') };
    const { GroupId = '' } = await admin.send(new CreateSecurityGroupCommand(group));
    const create = (value: string) => {
      const Tags = [{ Key: 'branchline.dev/cluster', Value: value }];
      return new CreateNetworkInterfaceCommand({
        SubnetId: Subnet?.SubnetId,
        Groups: [GroupId],
        TagSpecifications: [{ ResourceType: 'network-interface', Tags }],
      });
    };
    const { NetworkInterface: own } = await controller.send(create('lab'));
    const foreign = await refusal(controller.send(create('other')));
    expect([foreign?.name, foreign?.$metadata.httpStatusCode]).toEqual(['UnauthorizedOperation', 403]);
    expect(foreign?.message).toMatch(
      /^You are not authorized to perform this operation\. User: arn:aws:iam::111122223333:role\/branchline is not authorized to perform: ec2:CreateNetworkInterface on resource: arn:aws:ec2:us-west-2:111122223333:network-interface\/\* because no identity-based policy allows the ec2:CreateNetworkInterface action\. Encoded authorization failure message: /,
    );
    const tag = { Resources: [own?.NetworkInterfaceId ?? ''], Tags: [{ Key: 'x', Value: 'y' }] };
    expect((await refusal(controller.send(new CreateTagsCommand(tag))))?.name).toBe('UnauthorizedOperation');
    expect((await refusal(controller.send(new DescribeVpcsCommand({}))))?.message).not.toContain('Encoded');
    const { NetworkInterface: other } = await admin.send(create('other'));
    const remove = (id: string | undefined) => new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id });
    expect((await refusal(controller.send(remove(other?.NetworkInterfaceId))))?.name).toBe('UnauthorizedOperation');
    await controller.send(remove(own?.NetworkInterfaceId));
    await controller.send(new DescribeNetworkInterfacesCommand({}));
  });

  it('asks for permission before it says what a dry run would do', async () => {
    const controller = clientOf('AKIACONTROLLER', 'controller');
    const allowed = new DescribeNetworkInterfacesCommand({ DryRun: true });
    expect((await refusal(controller.send(allowed)))?.name).toBe('DryRunOperation');
    const refused = new DescribeVpcsCommand({ DryRun: true });
    expect((await refusal(controller.send(refused)))?.name).toBe('UnauthorizedOperation');
  });
});

describe('a policy', () => {
  const access = (context: Access['context'] = {}): Access => ({
    action: 'ec2:CreateTags',
    resource: 'arn:r',
    context,
  });
  const decide = (statements: object[], context?: Access['context']) =>
    evaluatePolicies([readPolicy({ Statement: statements })], access(context));
  const allow = (Condition?: object) => ({
    Effect: 'Allow',
    Action: 'EC2:create*',
    Resource: '*',
    ...(Condition && { Condition }),
  });

  it('denies what nobody allows, and whatever somebody denies', () => {
    expect(decide([])).toBe('not-allowed');
    expect(decide([allow()])).toBe('allowed');
    expect(decide([allow(), { Effect: 'Deny', NotAction: 'ec2:Describe*', Resource: 'arn:?' }])).toBe('denied');
  });

  it.each([
    [{ StringEquals: { 'aws:RequestTag/a': 'x' } }, { 'AWS:requesttag/a': ['x'] }, 'allowed'],
    [{ StringEquals: { 'aws:RequestTag/a': 'x' } }, {}, 'not-allowed'],
    [{ StringEqualsIfExists: { 'aws:RequestTag/a': 'x' } }, {}, 'allowed'],
    [{ StringNotEquals: { 'aws:RequestTag/a': 'x' } }, {}, 'allowed'],
    [{ Null: { 'aws:RequestTag/a': 'true' } }, {}, 'allowed'],
    [{ Null: { 'aws:RequestTag/a': 'false' } }, {}, 'not-allowed'],
    [{ StringLike: { 'aws:RequestTag/a': ['y', 'x*'] } }, { 'aws:RequestTag/a': ['xyz'] }, 'allowed'],
    [{ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a', 'b'] } }, { 'aws:TagKeys': ['a'] }, 'allowed'],
    [{ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a', 'b'] } }, { 'aws:TagKeys': ['a', 'c'] }, 'not-allowed'],
    [{ 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['a', 'b'] } }, { 'aws:TagKeys': ['a', 'c'] }, 'allowed'],
    [{ 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['a'] } }, {}, 'not-allowed'],
  ])('with the condition %j and %j decides: %s', (condition, context, decision) => {
    expect(decide([allow(condition)], context as unknown as Access['context'])).toBe(decision);
  });

  it('with a condition that the lab cannot judge is refused when it is read', () => {
    expect(() => readPolicy({ Statement: [allow({ IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } })] })).toThrow(
      'an operator that the lab does not model',
    );
  });
});
