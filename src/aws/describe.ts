/** The reading calls that take more than one page or more than one call. */
import {
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeTrunkInterfaceAssociationsCommand,
  type EC2Client,
  type Filter,
} from '@aws-sdk/client-ec2';

import { CodedError } from '../core/errors/coded-error.ts';
import { isCoded, toCodedError } from './ec2-error.ts';
import { FILTER_VALUES, allPages, chunks } from './pages.ts';
import type { Ec2Instance, Ec2Interface, Ec2SecurityGroup, Ec2TrunkAssociation, InterfaceFilter } from './port.ts';
import { readInstance, readInterface, readSecurityGroup, readTrunkAssociation, required } from './read-answer.ts';

const PAGE = 1000;
/** What one page of associations takes. */
const TRUNK_PAGE = 255;

/** One unknown id fails the whole call, as in EC2; `instance-unknown` then. */
export async function describeInstances(client: EC2Client, ids: readonly string[]): Promise<readonly Ec2Instance[]> {
  const answers: Ec2Instance[] = [];
  for (const InstanceIds of chunks(ids, PAGE)) {
    // EC2 refuses ids together with a page size, so there is one page.
    const { Reservations } = await client
      .send(new DescribeInstancesCommand({ InstanceIds: [...InstanceIds] }))
      .catch((error: unknown) => {
        const coded = toCodedError('DescribeInstances', error);
        throw coded.detail.startsWith('InvalidInstanceID.')
          ? new CodedError('instance-unknown', { detail: coded.detail, cause: coded })
          : coded;
      });
    answers.push(...(Reservations ?? []).flatMap(({ Instances }) => Instances ?? []).map(readInstance));
  }
  return answers;
}

/** Ids go in as a filter: unlike a list of ids, it may be paged, and an interface that is gone is just not there. */
export async function describeInterfaces(client: EC2Client, filter: InterfaceFilter): Promise<readonly Ec2Interface[]> {
  const common: Filter[] = [
    ...(filter.vpc === undefined ? [] : [{ Name: 'vpc-id', Values: [filter.vpc] }]),
    ...(filter.instance === undefined ? [] : [{ Name: 'attachment.instance-id', Values: [filter.instance] }]),
    ...Object.entries(filter.tags ?? {}).map(([key, value]) => ({
      Name: `tag:${key}`,
      Values: [escapeWildcards(value)],
    })),
  ];
  const byIds = filter.ids === undefined ? [undefined] : chunks(filter.ids, FILTER_VALUES);
  const found: Ec2Interface[] = [];
  for (const ids of byIds) {
    const Filters = ids === undefined ? common : [...common, { Name: 'network-interface-id', Values: [...ids] }];
    const answers = await allPages({
      page: (NextToken) =>
        client.send(
          new DescribeNetworkInterfacesCommand({ MaxResults: PAGE, NextToken, ...(Filters.length > 0 && { Filters }) }),
        ),
      items: ({ NetworkInterfaces }) => NetworkInterfaces,
    });
    found.push(...answers.map(readInterface));
  }
  return found;
}

/** `*` and `?` in a filter's value are wildcards. */
const escapeWildcards = (value: string): string => value.replaceAll(/[\\*?]/g, String.raw`\$&`);

/** No filter takes a trunk or a branch, and one unknown id fails the whole call: the others are asked for one by one, then. */
export async function describeTrunkAssociations(
  client: EC2Client,
  ids: readonly string[],
): Promise<readonly Ec2TrunkAssociation[]> {
  const found: Ec2TrunkAssociation[] = [];
  for (const AssociationIds of chunks(ids, TRUNK_PAGE)) {
    try {
      const { InterfaceAssociations } = await client.send(
        new DescribeTrunkInterfaceAssociationsCommand({ AssociationIds: [...AssociationIds] }),
      );
      found.push(...(InterfaceAssociations ?? []).map(readTrunkAssociation));
    } catch (error) {
      const coded = toCodedError('DescribeTrunkInterfaceAssociations', error);
      if (!isCoded(coded, 'ec2-not-found')) throw coded;
      if (AssociationIds.length === 1) continue;
      for (const id of AssociationIds) found.push(...(await describeTrunkAssociations(client, [id])));
    }
  }
  return found;
}

/** Rules come by a call of their own: only that one tells their ids. */
export async function describeGroups(client: EC2Client, vpc: string): Promise<readonly Ec2SecurityGroup[]> {
  const groups = await allPages({
    page: (NextToken) =>
      client.send(
        new DescribeSecurityGroupsCommand({
          Filters: [{ Name: 'vpc-id', Values: [vpc] }],
          MaxResults: PAGE,
          NextToken,
        }),
      ),
    items: ({ SecurityGroups }) => SecurityGroups,
  });
  const ids = groups.map(({ GroupId }) => required(GroupId, 'SecurityGroup.GroupId'));
  const answers: Ec2SecurityGroup[] = [];
  for (const [index, Values] of chunks(ids, FILTER_VALUES).entries()) {
    const rules = await allPages({
      page: (NextToken) =>
        client.send(
          new DescribeSecurityGroupRulesCommand({
            Filters: [{ Name: 'group-id', Values: [...Values] }],
            MaxResults: PAGE,
            NextToken,
          }),
        ),
      items: ({ SecurityGroupRules }) => SecurityGroupRules,
    });
    const here = groups.slice(index * FILTER_VALUES, (index + 1) * FILTER_VALUES);
    answers.push(...here.map((group) => readSecurityGroup(group, rules)));
  }
  return answers;
}
