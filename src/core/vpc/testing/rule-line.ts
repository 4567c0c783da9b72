/** Rules as tests write them: `in tcp 80-90 from 10.0.0.0/8`, `out all to sg-db`, `in icmp 8/0 from pl-1`. */
import type { RulePeer, SecurityGroupRule } from '../model.ts';

const form = /^(in|out) (\S+)(?: (\d+)(?:[-/](-?\d+))?)? (?:from|to) (\S+)$/;

export function ruleLine(line: string, id: string): SecurityGroupRule {
  const [, direction, protocol, from, to, peer] = form.exec(line) ?? [];
  if (direction === undefined || protocol === undefined || peer === undefined) throw new Error(`no rule: "${line}"`);
  return {
    id,
    direction: direction === 'in' ? 'ingress' : 'egress',
    protocol: protocol === 'all' ? '-1' : protocol,
    ...portsOf(protocol, from, to),
    peer: peerOf(peer),
  };
}

function portsOf(protocol: string, from: string | undefined, to: string | undefined) {
  if (protocol === 'all') return {};
  if (from !== undefined)
    return { fromPort: Number(from), toPort: Number(to ?? (protocol.startsWith('icmp') ? -1 : from)) };
  if (protocol === 'tcp' || protocol === 'udp') return { fromPort: 0, toPort: 65_535 };
  return protocol.startsWith('icmp') ? { fromPort: -1, toPort: -1 } : {};
}

function peerOf(text: string): RulePeer {
  if (text.startsWith('sg-')) return { kind: 'group', group: text };
  if (text.startsWith('pl-')) return { kind: 'prefixList', prefixList: text };
  return { kind: 'cidr', cidr: text };
}
