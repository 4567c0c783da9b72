/** Whether a rule admits a flow, and in what it differs where it does not. */
import type { Ip } from '../address/ip.ts';
import { type Prefix, containsAddress } from '../address/prefix.ts';
import type { Flow } from './model.ts';
import type { Match, NormalRule, Peer } from './rule.ts';
import type { Difference } from './verdict.ts';

/** The end that a rule's peer is compared with: the source for ingress, the target for egress. */
export interface OtherEnd {
  readonly address: Ip;
  /** Groups of its interface; empty outside the VPC, and where the packet came through somebody else's interface. */
  readonly groups: readonly string[];
}

export interface RuleContext {
  readonly flow: Flow;
  readonly other: OtherEnd;
  readonly prefixLists: Readonly<Record<string, readonly Prefix[]>>;
}

/** Empty if the rule admits the flow. */
export function differences(rule: NormalRule, context: RuleContext): readonly Difference[] {
  const traffic = trafficDifference(rule.match, context.flow);
  return [...(traffic === undefined ? [] : [traffic]), ...(admitsPeer(rule.peer, context) ? [] : ['peer' as const])];
}

function trafficDifference(match: Match, flow: Flow): Difference | undefined {
  switch (match.kind) {
    case 'any':
      return undefined;
    case 'protocol':
      return match.protocol === flow.protocol ? undefined : 'protocol';
    case 'ports': {
      if (match.protocol !== flow.protocol) return 'protocol';
      const { port } = flow;
      // A flow whose port is not known passes only where all ports do.
      if (port === undefined) return match.from === 0 && match.to === 65_535 ? undefined : 'ports';
      return match.from <= port && port <= match.to ? undefined : 'ports';
    }
    case 'icmp':
    case 'icmpv6': {
      if (flow.protocol !== (match.kind === 'icmp' ? 1 : 58)) return 'protocol';
      const admits = (wanted: number | null, given: number | undefined): boolean => wanted === null || wanted === given;
      return admits(match.type, flow.icmp?.type) && admits(match.code, flow.icmp?.code) ? undefined : 'ports';
    }
  }
}

function admitsPeer(peer: Peer, { other, prefixLists }: RuleContext): boolean {
  switch (peer.kind) {
    case 'cidr4':
    case 'cidr6':
      return containsAddress(peer.prefix, other.address);
    case 'group':
      return other.groups.includes(peer.group);
    case 'prefixList':
      return (prefixLists[peer.prefixList] ?? []).some((entry) => containsAddress(entry, other.address));
  }
}
