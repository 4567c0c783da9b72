/** Who reaches whom among pods that serve, and what the tests give them to be reached by. */
import { AuthorizeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2';

import { makeGroup } from '../../src/lab/vpc.ts';
import type { FaultLab } from './fault-lab.ts';
import { running } from './pods.ts';

export const PORT = 80;
/** Answers a connection with its pod's name. */
export const serves: readonly string[] = ['nc', '-ll', '-p', String(PORT), '-e', 'hostname'];

/** Whether a new connection brings the server's own bytes. */
export async function answers(lab: FaultLab, from: string, to: string): Promise<boolean> {
  const command = `nc -w 2 ${await running(lab, to)} ${PORT} </dev/null 2>/dev/null || true`;
  const { stdout } = await lab.kubectl(['exec', from, '--', 'sh', '-c', command]);
  return stdout.trim() === to;
}

export const becomes = (lab: FaultLab, from: string, to: string, open: boolean): Promise<unknown> =>
  lab.until(`${from} → ${to} ${open ? 'open' : 'closed'}`, async () =>
    (await answers(lab, from, to)) === open ? true : undefined,
  );

/** Two groups, of which one lets the other in at {@link PORT} and nobody else. */
export async function makeAskingAndAsked(
  { client, vpc: { vpc } }: FaultLab,
  prefix: string,
): Promise<{ readonly asking: string; readonly asked: string }> {
  const asking = await makeGroup(client, { vpc, name: `${prefix}-asking`, description: 'asking' });
  const asked = await makeGroup(client, { vpc, name: `${prefix}-asked`, description: 'asked' });
  const UserIdGroupPairs = [{ GroupId: asking }];
  const IpPermissions = [{ IpProtocol: 'tcp', FromPort: PORT, ToPort: PORT, UserIdGroupPairs }];
  await client.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: asked, IpPermissions }));
  return { asking, asked };
}

export interface PolicyText {
  readonly name: string;
  /** YAML of the selectors, in flow style. */
  readonly selectors: string;
  readonly group: string;
}

export const policyText = ({ name, selectors, group }: PolicyText): string => `
apiVersion: vpcresources.k8s.aws/v1beta1
kind: SecurityGroupPolicy
metadata: { name: ${name}, namespace: default }
spec:
  ${selectors}
  securityGroups: { groupIds: [${group}] }
`;
