/** The two groups of the sample: `sg-web` lets 80 in from the nodes' group, `sg-db` lets 5432 in from `sg-web` only. */
import {
  AuthorizeSecurityGroupIngressCommand,
  type EC2Client,
  type IpPermission,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';

import { type LabVpc, makeGroup } from '../../vpc.ts';

export interface SampleGroups {
  /** By which the sample asks for `web`: its `Name` tag. */
  readonly webName: string;
  readonly web: string;
  readonly db: string;
}

const tcpFrom = (port: number, group: string): IpPermission => ({
  IpProtocol: 'tcp',
  FromPort: port,
  ToPort: port,
  UserIdGroupPairs: [{ GroupId: group }],
});

export async function makeSampleGroups(
  ec2: EC2Client,
  {
    vpc,
    clusterGroup,
    ...options
  }: Pick<LabVpc, 'vpc' | 'clusterGroup'> & {
    /** Of the groups' names, where those of the sample may be taken. Default: none. */
    readonly prefix?: string;
  },
): Promise<SampleGroups> {
  const { prefix = '' } = options;
  // EC2 refuses group names that begin with "sg-", so the name that users write is a `Name` tag.
  const webName = `sg-${prefix}web`;
  const web = await makeGroup(ec2, { vpc, name: `${prefix}web`, description: 'Web tier', nameTag: webName });
  const db = await makeGroup(ec2, {
    vpc,
    name: `${prefix}db`,
    description: 'Database tier',
    nameTag: `sg-${prefix}db`,
  });
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({ GroupId: web, IpPermissions: [tcpFrom(80, clusterGroup)] }),
  );
  await allowWebToDb(ec2, { web, db });
  return { web, db, webName };
}

export async function allowWebToDb(ec2: EC2Client, { web, db }: Pick<SampleGroups, 'web' | 'db'>): Promise<void> {
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: db, IpPermissions: [tcpFrom(5432, web)] }));
}

export async function forbidWebToDb(ec2: EC2Client, { web, db }: SampleGroups): Promise<void> {
  await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: db, IpPermissions: [tcpFrom(5432, web)] }));
}
