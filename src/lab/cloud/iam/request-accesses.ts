/**
 * On which resources a call acts, and what conditions may ask of them: after "Actions, resources, and condition keys for
 * Amazon EC2" of AWS's service authorization reference. All of them must be allowed.
 */
import type { TagSpecification } from '@aws-sdk/client-ec2';

import type { View } from '../state/draft.ts';
import { kindOfId, kinds } from '../state/resource-kinds.ts';
import type { Tags } from '../state/tables.ts';
import type { Access } from './evaluate-policy.ts';

export interface AccessOptions {
  readonly view: View;
  readonly action: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly region: string;
  readonly account: string;
}

/** What a call makes, beside what it names. */
const creations: Readonly<Record<string, readonly string[]>> = {
  CreateVpc: ['vpc'],
  CreateSubnet: ['subnet'],
  CreateSecurityGroup: ['security-group'],
  AuthorizeSecurityGroupIngress: ['security-group-rule'],
  AuthorizeSecurityGroupEgress: ['security-group-rule'],
  CreateNetworkInterface: ['network-interface'],
  RunInstances: ['instance', 'network-interface', 'volume', 'image'],
  CreateRouteTable: ['route-table'],
  CreateInternetGateway: ['internet-gateway'],
  AllocateAddress: ['elastic-ip'],
  CreateNatGateway: ['natgateway'],
  CreateManagedPrefixList: ['prefix-list'],
};

type Context = Readonly<Record<string, readonly string[]>>;

export function accessesOf(options: AccessOptions): readonly Access[] {
  const { action, request, region, account } = options;
  const base: Context = { 'aws:RequestedRegion': [region], 'ec2:Region': [region] };
  const access = (resource: string, context: Context = {}): Access => ({
    action: `ec2:${action}`,
    resource,
    context: { ...base, ...context },
  });
  if (/^(Describe|Get)/.test(action)) return [access('*')];
  const arn = (type: string, id: string): string => `arn:aws:ec2:${region}:${account}:${type}/${id}`;
  const direct = action === 'CreateTags' || action === 'DeleteTags' ? requestTags(request['Tags']) : {};
  const named = idsIn(options).flatMap((id): readonly Access[] => {
    const kind = kindOfId(id);
    if (kind === undefined) return [];
    const entity = options.view.get(kinds[kind].table, id);
    return [
      access(arn(kinds[kind].tagType, id), {
        ...direct,
        ...resourceTags(entity?.tags ?? {}),
        ...(entity !== undefined &&
          'vpc' in entity &&
          entity.vpc !== undefined && { 'ec2:Vpc': [arn('vpc', entity.vpc)] }),
      }),
    ];
  });
  const specifications = (request['TagSpecifications'] ?? []) as readonly TagSpecification[];
  const tagsFor = (type: string) =>
    specifications.filter((each) => each.ResourceType === type).flatMap((each) => each.Tags ?? []);
  const made = (creations[action] ?? []).flatMap((type): readonly Access[] => {
    const tags = tagsFor(type);
    const one = access(arn(type, '*'), requestTags(tags));
    // Tags on create are a second permission.
    const tagging = { ...one, action: 'ec2:CreateTags', context: { ...one.context, 'ec2:CreateAction': [action] } };
    return tags.length === 0 ? [one] : [one, tagging];
  });
  return named.length + made.length === 0 ? [access('*')] : [...named, ...made];
}

function requestTags(tags: unknown): Context {
  const list = (Array.isArray(tags) ? tags : []) as readonly { readonly Key?: string; readonly Value?: string }[];
  if (list.length === 0) return {};
  return {
    'aws:TagKeys': list.map(({ Key = '' }) => Key),
    ...Object.fromEntries(list.map(({ Key = '', Value = '' }) => [`aws:RequestTag/${Key}`, [Value]])),
  };
}

const resourceTags = (tags: Tags): Context =>
  Object.fromEntries(
    Object.entries(tags).flatMap(([key, value]) => [
      [`aws:ResourceTag/${key}`, [value]],
      [`ec2:ResourceTag/${key}`, [value]],
    ]),
  );

/** Ids at the top of a request and in its interfaces; rules name peers, which are no resources of the call. */
function idsIn({ view, request }: AccessOptions): readonly string[] {
  const own = ['VpcId', 'SubnetId', 'GroupId', 'NetworkInterfaceId', 'InstanceId', 'RouteTableId', 'InternetGatewayId'];
  const lists = ['Groups', 'SecurityGroupIds', 'InstanceIds', 'Resources'];
  const specified = (request['NetworkInterfaces'] ?? []) as readonly Readonly<Record<string, unknown>>[];
  const ids = [request, ...specified].flatMap((part) => [
    ...[...own, 'PrefixListId', 'BranchInterfaceId', 'TrunkInterfaceId'].map((name) => part[name]),
    ...lists.flatMap((name) => (part[name] ?? []) as readonly unknown[]),
  ]);
  const attachment = request['AttachmentId'];
  for (const each of view.all('interfaces')) {
    if (attachment !== undefined && each.attachment?.id === attachment) ids.push(each.id, each.attachment?.instance);
  }
  return [...new Set(ids.filter((id): id is string => typeof id === 'string'))];
}
