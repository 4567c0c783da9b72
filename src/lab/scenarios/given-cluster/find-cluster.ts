/** What the check needs of a cluster that was not started here; each thing that lacks is named, all at once. */
import { DescribeInstancesCommand, type EC2Client } from '@aws-sdk/client-ec2';

import { CodedError, describeError } from '../../../core/errors/coded-error.ts';
import { AGENT_NAME, NAMESPACE } from '../../../core/names.ts';
import { type Kubectl, getJson } from '../kubectl.ts';

export interface GivenCluster {
  readonly vpc: string;
  /** Group of the nodes; the sample's plain pods have it too. */
  readonly clusterGroup: string;
  readonly nodes: readonly { readonly name: string }[];
}

interface Node {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly providerID?: string; readonly unschedulable?: boolean };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

interface DaemonSet {
  readonly status?: { readonly desiredNumberScheduled?: number; readonly numberReady?: number };
}

/** @throws lab-cluster-unfit */
export async function findCluster(kubectl: Kubectl, client: EC2Client): Promise<GivenCluster> {
  const lacks: string[] = [];
  const nodes = await getJson<{ readonly items: readonly Node[] }>(kubectl, ['nodes']);
  const usable = nodes.items.filter(isUsable);
  if (usable.length < 2) lacks.push(`two Ready nodes with a provider id aws:///ZONE/i-… (it has ${usable.length})`);
  if (!(await agentsAreReady(kubectl))) {
    lacks.push('Branchline, with an agent ready on every node (kubectl apply -f config/master/aws-k8s-cni.yaml)');
  }
  if (!(await podGroupsAreOn(kubectl))) lacks.push('ENABLE_POD_ENI: "true" in the ConfigMap kube-system/aws-vpc-cni');
  const instance = usable[0]?.spec.providerID?.split('/').at(-1);
  const place = instance === undefined ? undefined : await describe(client, instance);
  if (typeof place === 'string') lacks.push(place);
  if (lacks.length > 0 || place === undefined || typeof place === 'string') {
    throw new CodedError('lab-cluster-unfit', { detail: lacks.join('; ') });
  }
  return { ...place, nodes: usable.map(({ metadata }) => ({ name: metadata.name })) };
}

const isUsable = ({ spec, status }: Node): boolean =>
  spec.unschedulable !== true &&
  /^aws:\/\/\/[^/]+\/i-[0-9a-f]+$/.test(spec.providerID ?? '') &&
  status.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';

async function agentsAreReady(kubectl: Kubectl): Promise<boolean> {
  const { items } = await getJson<{ readonly items: readonly DaemonSet[] }>(kubectl, [
    'daemonsets',
    '--namespace',
    NAMESPACE,
    '--field-selector',
    `metadata.name=${AGENT_NAME}`,
  ]);
  const { desiredNumberScheduled = 0, numberReady = 0 } = items[0]?.status ?? {};
  return desiredNumberScheduled > 0 && numberReady >= desiredNumberScheduled;
}

async function podGroupsAreOn(kubectl: Kubectl): Promise<boolean> {
  const { items } = await getJson<{
    readonly items: readonly { readonly data?: Readonly<Record<string, string>> }[];
  }>(kubectl, ['configmaps', '--namespace', NAMESPACE, '--field-selector', 'metadata.name=aws-vpc-cni']);
  return items[0]?.data?.['ENABLE_POD_ENI'] === 'true';
}

/** A text says what lacks. */
async function describe(client: EC2Client, instance: string): Promise<Omit<GivenCluster, 'nodes'> | string> {
  const needed = 'credentials and region of EC2 in the environment, as the aws CLI reads them';
  try {
    const { Reservations } = await client.send(new DescribeInstancesCommand({ InstanceIds: [instance] }));
    const found = Reservations?.[0]?.Instances?.[0];
    const primary = found?.NetworkInterfaces?.find(({ Attachment }) => Attachment?.DeviceIndex === 0);
    const clusterGroup = primary?.Groups?.[0]?.GroupId;
    if (found?.VpcId === undefined || clusterGroup === undefined)
      return `${needed} (EC2 does not describe ${instance})`;
    return { vpc: found.VpcId, clusterGroup };
  } catch (error) {
    return `${needed} (${describeError(error)})`;
  }
}
