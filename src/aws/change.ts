/** The changing calls that have no client token and yet must be harmless to repeat after a lost answer. */
import { AttachNetworkInterfaceCommand, type EC2Client, UnassignPrivateIpAddressesCommand } from '@aws-sdk/client-ec2';

import { describeInterfaces } from './describe.ts';
import { coded, ec2CodeOf, isCoded } from './ec2-error.ts';
import type { Ec2, Ec2Interface } from './port.ts';
import { required } from './read-answer.ts';

type Request<V extends keyof Ec2> = Parameters<Ec2[V]>[0];

const readAgain = (client: EC2Client, id: string): Promise<Ec2Interface | undefined> =>
  coded('DescribeNetworkInterfaces', async () => (await describeInterfaces(client, { ids: [id] }))[0]);

export async function attachInterface(
  client: EC2Client,
  { interface: id, instance, deviceIndex, card }: Request<'attachInterface'>,
): Promise<{ attachment: string }> {
  try {
    return await coded('AttachNetworkInterface', async () => {
      const { AttachmentId } = await client.send(
        new AttachNetworkInterfaceCommand({
          NetworkInterfaceId: id,
          InstanceId: instance,
          DeviceIndex: deviceIndex,
          NetworkCardIndex: card,
        }),
      );
      return { attachment: required(AttachmentId, 'AttachmentId') };
    });
  } catch (error) {
    // "In use" may be our own success.
    if (!isCoded(error, 'ec2-busy')) throw error;
    const attachment = (await readAgain(client, id))?.attachment;
    const isOurs =
      attachment?.instance === instance &&
      attachment.deviceIndex === deviceIndex &&
      attachment.card === card &&
      attachment.status !== 'detaching';
    if (!isOurs) throw error;
    return { attachment: attachment.id };
  }
}

export async function unassignAddresses(
  client: EC2Client,
  { interface: id, addresses }: Request<'unassignAddresses'>,
): Promise<void> {
  const unassign = (each: readonly string[]): Promise<void> =>
    coded('UnassignPrivateIpAddresses', async () => {
      await client.send(
        new UnassignPrivateIpAddressesCommand({ NetworkInterfaceId: id, PrivateIpAddresses: [...each] }),
      );
    });
  try {
    await unassign(addresses);
  } catch (error) {
    if (isCoded(error, 'ec2-not-found')) return;
    if (!isCoded(error, 'ec2-refused') || ec2CodeOf(error) !== 'InvalidParameterValue') throw error;
    // EC2 takes none away if one is gone already; gone is what was wanted.
    const now = await readAgain(client, id);
    const left = addresses.filter((address) => now?.addresses.includes(address) === true);
    if (left.length === addresses.length) throw error;
    if (left.length > 0) await unassign(left);
  }
}
