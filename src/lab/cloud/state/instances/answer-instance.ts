/** An instance as EC2 answers it. */
import type { Instance, InstanceMetadataOptionsResponse, Reservation } from '@aws-sdk/client-ec2';

import { formatIpv4 } from '../../../../core/address/ipv4.ts';
import { publicAddressOf } from '../addresses/describe-addresses.ts';
import type { CallContext } from '../context.ts';
import type { View } from '../draft.ts';
import { answerGroups, answerInstanceInterface, requesterOf } from '../interfaces/answer-interface.ts';
import type { InstanceEntity, InstanceState, InterfaceEntity, MetadataOptions } from '../tables.ts';
import { answerTags } from '../tags/tags.ts';

const stateCodes: Readonly<Record<InstanceState, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
};

export const stateOf = (state: InstanceState) => ({ Code: stateCodes[state], Name: state });

/** `arm64` for the families of Graviton processors: a `g` after the generation's number, and `a1`. */
export const architectureOf = (type: string) => (/^(a1|[a-z]+\d+g[a-z]*)\./.test(type) ? 'arm64' : 'x86_64');

export function answerReservation(view: View, instances: readonly InstanceEntity[], context: CallContext): Reservation {
  return {
    ReservationId: instances[0]?.reservation,
    OwnerId: context.account,
    RequesterId: requesterOf(context),
    Groups: [],
    Instances: instances.map((instance) => answerInstance(view, instance, interfacesOf(view, instance.id), context)),
  };
}

const interfacesOf = (view: View, instance: string): readonly InterfaceEntity[] =>
  [...view.all('interfaces')].filter(({ attachment }) => attachment?.instance === instance);

export function answerInstance(
  view: View,
  instance: InstanceEntity,
  interfaces: readonly InterfaceEntity[],
  context: CallContext,
): Instance {
  const gone = instance.state === 'terminated';
  const sorted = [...interfaces].sort(
    (a, b) =>
      (a.attachment?.card ?? 0) - (b.attachment?.card ?? 0) ||
      (a.attachment?.deviceIndex ?? 0) - (b.attachment?.deviceIndex ?? 0),
  );
  const [primary] = sorted;
  const address = primary?.addresses[0];
  const elastic = primary && publicAddressOf(view, primary.id, address);
  return {
    InstanceId: instance.id,
    ImageId: instance.image,
    State: stateOf(instance.state),
    PrivateDnsName: gone ? '' : instance.privateDnsName,
    PublicDnsName: '',
    StateTransitionReason: gone ? 'User initiated' : '',
    ...(gone && {
      StateReason: {
        Code: 'Client.UserInitiatedShutdown',
        Message: 'Client.UserInitiatedShutdown: User initiated shutdown',
      },
    }),
    KeyName: instance.keyName,
    AmiLaunchIndex: instance.launchIndex,
    ProductCodes: [],
    InstanceType: instance.type as never,
    LaunchTime: new Date(instance.launchedAtMs),
    Placement: { AvailabilityZone: instance.zone, GroupName: '', Tenancy: 'default' },
    Monitoring: { State: 'disabled' },
    ...(!gone && { SubnetId: instance.subnet, VpcId: instance.vpc }),
    PrivateIpAddress: address === undefined ? undefined : formatIpv4(address),
    ...(primary?.addresses6?.[0] !== undefined && { Ipv6Address: primary.addresses6[0] }),
    ...(elastic !== undefined && { PublicIpAddress: formatIpv4(elastic.address) }),
    Architecture: architectureOf(instance.type),
    RootDeviceType: 'ebs',
    RootDeviceName: '/dev/xvda',
    BlockDeviceMappings: [],
    VirtualizationType: 'hvm',
    ClientToken: instance.clientToken ?? '',
    EbsOptimized: false,
    EnaSupport: true,
    // EC2 says so of Nitro too.
    Hypervisor: 'xen',
    ...(instance.instanceProfile !== undefined && {
      IamInstanceProfile: { Arn: profileArn(instance.instanceProfile, context), Id: 'AIPALABLABLABLABLABLA' },
    }),
    SourceDestCheck: primary?.sourceDestCheck,
    SecurityGroups: answerGroups(view, primary?.groups ?? []),
    NetworkInterfaces: sorted.map((each) => answerInstanceInterface(view, each, context)),
    MetadataOptions: answerMetadataOptions(instance),
    PrivateDnsNameOptions: {
      HostnameType: 'ip-name',
      EnableResourceNameDnsARecord: false,
      EnableResourceNameDnsAAAARecord: false,
    },
    Tags: answerTags(instance.tags),
  };
}

/** As Amazon Linux 2023 and EKS set them: tokens required, two hops. */
export const metadataOptionsOf = ({ metadata }: InstanceEntity): MetadataOptions =>
  metadata ?? { tokens: 'required', endpoint: 'enabled', tags: 'disabled', hopLimit: 2 };

export function answerMetadataOptions(instance: InstanceEntity): InstanceMetadataOptionsResponse {
  const { tokens, endpoint, tags, hopLimit } = metadataOptionsOf(instance);
  return {
    State: 'applied',
    HttpTokens: tokens,
    HttpPutResponseHopLimit: hopLimit,
    HttpEndpoint: endpoint,
    HttpProtocolIpv6: 'disabled',
    InstanceMetadataTags: tags,
  };
}

const profileArn = (profile: string, { account }: CallContext): string =>
  profile.startsWith('arn:') ? profile : `arn:aws:iam::${account}:instance-profile/${profile}`;
