/** The rules that EC2 itself puts into groups. */
import type { RulePeer, SecurityGroup, SecurityGroupRule } from './model.ts';

type NewRule = Omit<SecurityGroupRule, 'id'>;

const everywhere: RulePeer = { kind: 'cidr', cidr: '0.0.0.0/0' };
const everywhere6: RulePeer = { kind: 'cidr', cidr: '::/0' };

/** A new group lets everything out and nothing in; `::/0` is there where the VPC has an IPv6 range. */
export const egressDefaults = (options: { readonly ipv6: boolean }): readonly NewRule[] =>
  [everywhere, ...(options.ipv6 ? [everywhere6] : [])].map((peer) => ({ direction: 'egress', protocol: '-1', peer }));

/** Made with the VPC, named `default`: its members reach one another, since a group does not include them by nature. */
export function defaultGroup(options: {
  readonly id: string;
  readonly vpc: string;
  readonly ipv6: boolean;
  readonly newRuleId: () => string;
}): SecurityGroup {
  const { id, vpc, ipv6, newRuleId } = options;
  const rules: readonly NewRule[] = [
    { direction: 'ingress', protocol: '-1', peer: { kind: 'group', group: id } },
    ...egressDefaults({ ipv6 }),
  ];
  return { id, vpc, name: 'default', rules: rules.map((rule) => ({ id: newRuleId(), ...rule })) };
}
