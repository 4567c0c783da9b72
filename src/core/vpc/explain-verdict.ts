/** A verdict in one sentence, for people. */
import { formatIp, isIpv4 } from '../address/ip.ts';
import type { Flow } from './model.ts';
import { ruleText } from './rule-text.ts';
import type { NearMiss, Passage, Refusal, Verdict } from './verdict.ts';
import type { NoWay, Way } from './way.ts';

export function explainVerdict(verdict: Verdict): string {
  const flow = flowText(verdict.flow);
  return verdict.allowed
    ? `${flow} is allowed: ${allowedBecause(verdict)}.`
    : `${flow} is refused: ${verdict.refusals.map(refusalText).join(', and ')}.`;
}

export function flowText({ source, target, protocol, port, icmp }: Flow): string {
  const name = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6' }[protocol] ?? `protocol ${protocol}`;
  const more = icmp === undefined ? '' : ` ${icmp.type}/${icmp.code}`;
  const address = formatIp(target);
  const at = port === undefined ? address : `${isIpv4(target) ? address : `[${address}]`}:${port}`;
  return `${name}${more} from ${formatIp(source)} to ${at}`;
}

function allowedBecause(verdict: Verdict): string {
  const { passages, way, leavesAs, notModelled } = verdict;
  if (verdict.judge === 'nobody') return unjudgedBecause(verdict);
  return [
    passages.map(passageText).join(' and '),
    ...(leavesAs === undefined ? [] : [`it leaves as the node, ${formatIp(leavesAs)}`]),
    ...(way?.open === true ? [wayText(way)] : []),
    ...(notModelled.length > 0 ? ['network ACLs, which are not modelled, could still drop it'] : []),
  ].join('; ');
}

function unjudgedBecause({ source, target, flow }: Verdict): string {
  const service = [source, target].find((end) => end.kind === 'service');
  if (service !== undefined)
    return `${formatIp(service.address)} is a service of the VPC, which no security group filters`;
  if (source.address === target.address) return 'it never leaves its own address';
  if (flow.probe === true) return 'it is a probe of the node’s kubelet, which the agent lets pass';
  return 'both ends are on one instance and have its groups, so nothing judges it';
}

const passageText = ({ side, group, rule }: Passage): string =>
  `${rule.id} of ${group} (${ruleText(rule)}) lets it ${side === 'egress' ? 'out' : 'in'}`;

function wayText({ by, id }: Extract<Way, { open: true }>): string {
  const through = id === undefined ? '' : ` ${id}`;
  switch (by) {
    case 'notKnown':
      return 'the routes of its subnet are not known';
    case 'internetGateway':
      return `its way is the internet gateway${through}`;
    case 'natGateway':
      return `its way is the NAT gateway${through}`;
    case 'egressOnlyGateway':
      return `its way is the egress-only gateway${through}`;
    case 'private':
      return `its way is${through}, and what stands beyond judges for itself`;
  }
}

function refusalText(refusal: Refusal): string {
  switch (refusal.kind) {
    case 'noRule':
      return noRuleText(refusal);
    case 'noWay':
      return noWayText(refusal);
    case 'noInterface':
      return `no interface has the ${refusal.end}’s address ${formatIp(refusal.address)}`;
    case 'unattached':
      return `the ${refusal.end}’s interface ${refusal.interface} is not attached to an instance`;
    case 'familiesDiffer':
      return 'one address is IPv4 and the other IPv6';
    case 'neitherInVpc':
      return 'neither address is of this VPC';
  }
}

function noRuleText(refusal: Extract<Refusal, { kind: 'noRule' }>): string {
  const { side, interface: at, groups, unknownGroups, nearest, missing } = refusal;
  const who = groups.length === 0 ? 'no group' : groups.join(' or ');
  return [
    `no ${side} rule of ${who} (${at}) admits it`,
    ...(unknownGroups.length === 0 ? [] : [`the rules of ${unknownGroups.join(' and ')} are not known`]),
    ...(nearest === undefined ? [] : [nearestText(nearest)]),
    `"${ruleText(missing)}" would`,
  ].join('; ');
}

const nearestText = ({ group, rule, differsIn }: NearMiss): string =>
  `the nearest, ${rule.id} of ${group} (${ruleText(rule)}), differs in its ${differsIn.join(' and ')}`;

const noWayReasons: Readonly<Record<NoWay, string>> = {
  noRoute: 'its route table has no route there',
  blackhole: 'its route there leads to something that is gone',
  noPublicAddress: 'its route there is an internet gateway, and the address has no public one',
  outwardsOnly: 'its route there is a gateway that lets connections out, never in',
};

const noWayText = ({ direction, reason, subnet, gateway }: Extract<Refusal, { kind: 'noWay' }>): string =>
  `there is no way ${direction} for ${subnet}: ${noWayReasons[reason]}${gateway === undefined ? '' : ` (${gateway})`}`;
