/** The instances of a cloud by EC2's API, with the namespaces that they are. */
import { readdirSync } from 'node:fs';

import { DescribeInstancesCommand, type EC2Client, type Instance } from '@aws-sdk/client-ec2';

import type { Kernel } from '../linux/port.ts';
import type { InstanceStatus } from './status.ts';

export interface CloudInstancesOptions {
  readonly client: EC2Client;
  readonly kernel: Pick<Kernel, 'openNetns' | 'link'>;
}

/** Those that run. */
export async function listInstances({ client, kernel }: CloudInstancesOptions): Promise<readonly InstanceStatus[]> {
  const { Reservations: reservations = [] } = await client.send(
    new DescribeInstancesCommand({ Filters: [{ Name: 'instance-state-name', Values: ['pending', 'running'] }] }),
  );
  return reservations
    .flatMap(({ Instances: instances = [] }) => instances)
    .flatMap((instance) => {
      const netns = namespaceOf(instance, kernel);
      if (netns === undefined) return [];
      const name = instance.PrivateDnsName ?? '';
      return [
        {
          id: instance.InstanceId ?? '',
          title: instance.Tags?.find(({ Key: key }) => key === 'Name')?.Value ?? name.split('.')[0] ?? '',
          name,
          address: instance.PrivateIpAddress ?? '',
          type: instance.InstanceType ?? '',
          zone: instance.Placement?.AvailabilityZone ?? '',
          netns,
          enter: ['nsenter', `--net=/run/netns/${netns}`],
          node: 'no cluster',
          cordoned: false,
        },
      ];
    });
}

const FOLDER = '/run/netns';

/** Two VPCs may have instances of one name: only the first device's MAC tells which namespace is whose. */
function namespaceOf(instance: Instance, kernel: CloudInstancesOptions['kernel']): string | undefined {
  const { PrivateDnsName: name = '', NetworkInterfaces: interfaces = [] } = instance;
  const mac = interfaces.find(({ Attachment: attachment }) => attachment?.DeviceIndex === 0)?.MacAddress;
  return readdirSync(FOLDER).find((netns) => netns.endsWith(name) && firstMac(netns, kernel) === mac);
}

function firstMac(netns: string, kernel: CloudInstancesOptions['kernel']): string | undefined {
  try {
    const opened = kernel.openNetns(`${FOLDER}/${netns}`);
    try {
      return kernel.link(opened, 'eth0')?.mac;
    } finally {
      opened.close();
    }
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}
