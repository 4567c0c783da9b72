/** CreateSecurityGroup and DeleteSecurityGroup. */
import type {
  CreateSecurityGroupRequest,
  CreateSecurityGroupResult,
  DeleteSecurityGroupRequest,
  DeleteSecurityGroupResult,
} from '@aws-sdk/client-ec2';

import type { CallContext } from '../context.ts';
import type { Draft } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { newId } from '../random.ts';
import { required } from '../resource-kinds.ts';
import type { GroupEntity, RuleEntity, Tags } from '../tables.ts';
import { answerTags, tagsOnCreate } from '../tags/tags.ts';
import { hasIpv6 } from '../vpc/ranges6.ts';

const allowedText = /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{1,255}$/;

export function createSecurityGroup(
  draft: Draft,
  request: CreateSecurityGroupRequest,
  context: CallContext,
): CreateSecurityGroupResult {
  const name = (request.GroupName ?? '').trimEnd();
  const description = request.Description ?? '';
  if (request.VpcId === undefined) {
    throw new Ec2Error('VPCIdNotSpecified', 'No default VPC for this user');
  }
  const vpc = required(draft, 'vpc', request.VpcId);
  mustBeName(name);
  mustBeDescription(description);
  // EC2 compares without regard to case.
  const same = (group: GroupEntity): boolean => group.vpc === vpc.id && group.name.toLowerCase() === name.toLowerCase();
  const groups = [...draft.all('groups')];
  if (groups.some(same)) {
    throw new Ec2Error('InvalidGroup.Duplicate', `The security group '${name}' already exists for VPC '${vpc.id}'`);
  }
  if (groups.length >= 2500) {
    throw new Ec2Error('SecurityGroupLimitExceeded', 'The maximum number of security groups has been reached.');
  }
  const tags = tagsOnCreate(request.TagSpecifications, 'security-group');
  const group = addGroup(draft, { vpc: vpc.id, name, description, tags });
  return { GroupId: group.id, SecurityGroupArn: groupArn(group, context), Tags: answerTags(tags) };
}

export const groupArn = ({ id }: GroupEntity, { region, account }: CallContext): string =>
  `arn:aws:ec2:${region}:${account}:security-group/${id}`;

const everythingOut = (draft: Draft, cidr: string): RuleEntity => ({
  id: newId(draft, 'sgr'),
  direction: 'egress',
  protocol: '-1',
  peer: { kind: 'cidr', cidr },
  tags: {},
});

/** A group with the rule that every new one has, everything out: one a family that its VPC has. */
export function addGroup(
  draft: Draft,
  options: { readonly vpc: string; readonly name: string; readonly description: string; readonly tags: Tags },
): GroupEntity {
  const group: GroupEntity = {
    id: newId(draft, 'sg'),
    ...options,
    rules: [everythingOut(draft, '0.0.0.0/0'), ...(hasIpv6(draft, options.vpc) ? [everythingOut(draft, '::/0')] : [])],
  };
  draft.put('groups', group);
  return group;
}

function mustBeName(name: string): void {
  const invalid = (why: string): Ec2Error =>
    new Ec2Error('InvalidParameterValue', `Value (${name}) for parameter GroupName is invalid. ${why}`);
  if (name.startsWith('sg-')) throw invalid('Group names may not be in the format sg-*.');
  if (name.toLowerCase() === 'default') {
    throw new Ec2Error('InvalidParameterValue', 'Cannot use reserved security group name: default');
  }
  if (!isAscii(name)) throw invalid('Character sets beyond ASCII are not supported.');
  if (!allowedText.test(name)) {
    throw invalid(
      'Group names are strings less than 256 characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*',
    );
  }
}

function mustBeDescription(text: string): void {
  if (text === '') throw new Ec2Error('MissingParameter', 'The request must contain the parameter GroupDescription');
  if (!isAscii(text)) {
    throw new Ec2Error(
      'InvalidParameterValue',
      `Value (${text}) for parameter GroupDescription is invalid. Character sets beyond ASCII are not supported.`,
    );
  }
  if (!allowedText.test(text)) {
    throw new Ec2Error(
      'InvalidParameterValue',
      'Invalid security group description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*',
    );
  }
}

// eslint-disable-next-line no-control-regex -- all of ASCII is meant
const isAscii = (text: string): boolean => /^[\u0000-\u007F]*$/.test(text);

export function deleteSecurityGroup(draft: Draft, request: DeleteSecurityGroupRequest): DeleteSecurityGroupResult {
  if (request.GroupId === undefined) {
    throw new Ec2Error('MissingParameter', 'The request must contain the parameter GroupId');
  }
  const group = required(draft, 'group', request.GroupId);
  if (group.name === 'default') {
    throw new Ec2Error(
      'CannotDelete',
      `the specified group: "${group.id}" name: "default" cannot be deleted by a user`,
    );
  }
  const onInterface = [...draft.all('interfaces')].some((each) => each.groups.includes(group.id));
  const named = [...draft.all('groups')].some(
    (other) =>
      other.id !== group.id && other.rules.some(({ peer }) => peer.kind === 'group' && peer.group === group.id),
  );
  if (onInterface || named) {
    throw new Ec2Error('DependencyViolation', `resource ${group.id} has a dependent object`);
  }
  draft.remove('groups', group.id);
  return { Return: true, GroupId: group.id };
}
