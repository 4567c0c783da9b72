/**
 * Debian's reference plugins as a cluster's CNI, without Branchline: `ptp` with addresses that EC2 has given to the
 * node's interface, so that the VPC routes them.
 */
import {
  AssignPrivateIpAddressesCommand,
  DescribeNetworkInterfacesCommand,
  type EC2Client,
  UnassignPrivateIpAddressesCommand,
} from '@aws-sdk/client-ec2';

import type { LabProcess } from '../testing/lab-process.ts';

export interface OrdinaryCniOptions {
  readonly lab: LabProcess;
  readonly client: EC2Client;
  /** The node's `Name` tag, its primary address, and a number that no other node has. */
  readonly node: { readonly title: string; readonly address: string; readonly number: number };
}

const CONFIG = '/etc/cni/net.d/10-ptp.conflist';
/** As many as an m5.large takes beside its primary one. */
const addressesOf = (number: number): string[] => Array.from({ length: 9 }, (_, i) => `10.0.${number}.${10 + i}`);

export async function installOrdinaryCni({ lab, client, node }: OrdinaryCniOptions): Promise<void> {
  const addresses = addressesOf(node.number);
  await client.send(
    new AssignPrivateIpAddressesCommand({
      NetworkInterfaceId: await interfaceOf(client, node.address),
      PrivateIpAddresses: addresses,
    }),
  );
  const range = {
    subnet: `10.0.${node.number}.0/27`,
    rangeStart: addresses[0],
    rangeEnd: addresses.at(-1),
    // The host's end of each pair; the subnet's own first address is the VPC's router.
    gateway: `10.0.${node.number}.1`,
  };
  const ipam = { type: 'host-local', ranges: [[range]], routes: [{ dst: '0.0.0.0/0' }] };
  const config = {
    cniVersion: '0.4.0',
    name: 'ptp',
    plugins: [
      { type: 'ptp', ipMasq: false, mtu: 9001, ipam },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
  await lab.ok(['shell', node.title, '--', 'tee', CONFIG], { input: JSON.stringify(config) });
}

/** No pod may have an address of it any more. */
export async function removeOrdinaryCni({ lab, client, node }: OrdinaryCniOptions): Promise<void> {
  await lab.ok(['shell', node.title, '--', 'rm', CONFIG]);
  await client.send(
    new UnassignPrivateIpAddressesCommand({
      NetworkInterfaceId: await interfaceOf(client, node.address),
      PrivateIpAddresses: addressesOf(node.number),
    }),
  );
}

async function interfaceOf(client: EC2Client, address: string): Promise<string> {
  const { NetworkInterfaces } = await client.send(
    new DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'addresses.private-ip-address', Values: [address] }] }),
  );
  return NetworkInterfaces?.[0]?.NetworkInterfaceId ?? '';
}
