/** A rule as a person would say it: `tcp 5432 from sg-…`. */
import type { RulePeer, SecurityGroupRule } from './model.ts';

export const ruleText = (rule: Omit<SecurityGroupRule, 'id'>): string =>
  `${trafficText(rule)} ${rule.direction === 'ingress' ? 'from' : 'to'} ${peerText(rule.peer)}`;

function trafficText({ protocol, fromPort, toPort }: Omit<SecurityGroupRule, 'id'>): string {
  if (protocol === '-1') return 'all traffic';
  const name = /^\d+$/.test(protocol) ? `protocol ${protocol}` : protocol;
  if (fromPort === undefined || fromPort < 0) return name;
  if (protocol.startsWith('icmp'))
    return toPort === undefined || toPort < 0 ? `${name} ${fromPort}` : `${name} ${fromPort}/${toPort}`;
  return fromPort === toPort || toPort === undefined ? `${name} ${fromPort}` : `${name} ${fromPort}-${toPort}`;
}

function peerText(peer: RulePeer): string {
  switch (peer.kind) {
    case 'cidr':
      return peer.cidr;
    case 'group':
      return peer.group;
    case 'prefixList':
      return peer.prefixList;
  }
}
