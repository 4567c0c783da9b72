/** The controller's port over the AWS SDK against the lab's cloud: the same suite as its fake. */
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateManagedPrefixListCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  EC2Client,
  ModifyManagedPrefixListCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { afterAll } from 'vitest';

import { contractEntries, contractEntriesBefore, ec2Contract } from '../../aws/ec2.suite.ts';
import { createEc2 } from '../../aws/ec2.ts';
import { lab } from '../names.ts';
import { type Cloud, startCloud } from './start-cloud.ts';

let cloud: Cloud;
afterAll(() => cloud.close());

ec2Contract({
  name: 'the lab’s cloud',
  async makeWorld() {
    cloud = await startCloud({ seed: 'contract' });
    const client = new EC2Client({
      endpoint: cloud.endpoint,
      region: lab.region,
      credentials: { accessKeyId: lab.accessKeyId, secretAccessKey: lab.secretAccessKey },
    });
    const { Vpc } = await client.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
    const vpc = Vpc?.VpcId ?? '';
    const makeSubnet = async (CidrBlock: string): Promise<string> =>
      (await client.send(new CreateSubnetCommand({ VpcId: vpc, CidrBlock }))).Subnet?.SubnetId ?? '';
    const makeGroup = async (GroupName: string): Promise<string> =>
      (await client.send(new CreateSecurityGroupCommand({ VpcId: vpc, GroupName, Description: GroupName }))).GroupId ??
      '';
    const subnetCidr = '10.0.0.0/20';
    const subnet = await makeSubnet(subnetCidr);
    const smallSubnet = await makeSubnet('10.0.16.0/28');
    const [web, db] = [await makeGroup('web'), await makeGroup('db')];
    await client.send(new CreateTagsCommand({ Resources: [web], Tags: [{ Key: 'Name', Value: 'sg-web' }] }));
    await client.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: db,
        IpPermissions: [
          { IpProtocol: 'tcp', FromPort: 5432, ToPort: 5432, UserIdGroupPairs: [{ GroupId: web }] },
          { IpProtocol: 'tcp', FromPort: 80, ToPort: 90, IpRanges: [{ CidrIp: '10.1.0.0/16' }] },
          { IpProtocol: 'icmp', FromPort: -1, ToPort: -1, IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
        ],
      }),
    );
    const entriesOf = (cidrs: readonly string[]) => cidrs.map((Cidr) => ({ Cidr }));
    const { PrefixList } = await client.send(
      new CreateManagedPrefixListCommand({
        PrefixListName: 'contract',
        AddressFamily: 'IPv4',
        MaxEntries: contractEntries.length,
        Entries: entriesOf(contractEntriesBefore),
      }),
    );
    const prefixList = PrefixList?.PrefixListId ?? '';
    const AddEntries = entriesOf(contractEntries.filter((cidr) => !contractEntriesBefore.includes(cidr)));
    await client.send(new ModifyManagedPrefixListCommand({ PrefixListId: prefixList, CurrentVersion: 1, AddEntries }));
    const { Instances } = await client.send(
      new RunInstancesCommand({
        ImageId: 'ami-0123456789abcdef0',
        InstanceType: 't3.small',
        MinCount: 1,
        MaxCount: 1,
        SubnetId: subnet,
      }),
    );
    return {
      ec2: createEc2(client),
      vpc,
      cidrs: ['10.0.0.0/16'],
      zone: lab.zone,
      subnet,
      subnetCidr,
      smallSubnet,
      instance: Instances?.[0]?.InstanceId ?? '',
      web,
      db,
      prefixList,
    };
  },
});
