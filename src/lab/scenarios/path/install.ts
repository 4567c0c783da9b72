/**
 * Installs Branchline as a user would: the one manifest byte for byte, and beside it the two objects that differ from
 * account to account: the controller's credentials and, later, the switch.
 */
import { CONTROLLER_NAME, NAMESPACE } from '../../../core/names.ts';
import { lab } from '../../names.ts';
import type { Kubectl } from '../kubectl.ts';

export async function installBranchline(kubectl: Kubectl, manifestPath: string): Promise<void> {
  const credentials = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `${CONTROLLER_NAME}-env`, namespace: NAMESPACE },
    stringData: {
      AWS_ENDPOINT_URL: `http://${lab.ec2Outside.address}:${lab.ec2Outside.port}`,
      AWS_REGION: lab.region,
      AWS_ACCESS_KEY_ID: lab.accessKeyId,
      AWS_SECRET_ACCESS_KEY: lab.secretAccessKey,
    },
  };
  await kubectl(['apply', '-f', '-'], { input: JSON.stringify(credentials) });
  await kubectl(['apply', '-f', manifestPath]);
}

/** EC2 pushes nothing, so rules are polled; the lab polls every second to show changes soon. */
export async function switchPodGroups(kubectl: Kubectl, enabled: boolean): Promise<void> {
  const settings = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'aws-vpc-cni', namespace: NAMESPACE },
    data: { ENABLE_POD_ENI: String(enabled), SECURITY_GROUP_POLL_SECONDS: '1' },
  };
  await kubectl(['apply', '-f', '-'], { input: JSON.stringify(settings) });
}
