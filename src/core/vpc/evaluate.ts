/**
 * Whether a connection's first packet passes, as EC2 decides it, with the reason as a value; replies of what passes
 * need no rule. Between two ends on one instance, which EC2 never judges, it says what Branchline's agent decides: the
 * same, as if they were on two. Not modelled: network ACLs.
 */
import { isIpv4 } from '../address/ip.ts';
import { endOf, hasOwnGroups, primaryOf } from './ends.ts';
import { type SideVerdict, judgeSide } from './judge-side.ts';
import type { Flow, Vpc } from './model.ts';
import type { OtherEnd } from './rule-match.ts';
import { type End, type Judge, type Refusal, type Verdict, toVerdict } from './verdict.ts';
import { type Direction, type Way, wayOutside } from './way.ts';

export { explainVerdict } from './explain-verdict.ts';

type Owner = Extract<End, { kind: 'interface' }>;

export function evaluate(flow: Flow, vpc: Vpc): Verdict {
  const source = endOf(flow.source, vpc);
  const target = endOf(flow.target, vpc);
  const judge = judgeOf(flow, { source, target }, vpc);
  const judged = { flow, source, target, judge, passages: [], notModelled: unmodelled(source, target, judge) };
  const unreachable = whyUnreachable(source, target);
  if (unreachable.length > 0 || judge === 'nobody') return toVerdict(judged, unreachable);

  const leaving = source.kind === 'interface' && target.kind === 'outside' ? leavesBy(source, vpc) : source;
  const sides: SideVerdict[] = [];
  if (leaving.kind === 'interface') {
    sides.push(judgeSide({ side: 'egress', flow, vpc, interface: leaving.interface, other: otherEnd(target) }));
  }
  if (target.kind === 'interface') {
    sides.push(judgeSide({ side: 'ingress', flow, vpc, interface: target.interface, other: otherEnd(source) }));
  }
  const crossing = crossingOf(leaving, target, vpc);
  return toVerdict(
    {
      ...judged,
      passages: sides.flatMap((side) => (side.allowed ? [side.passage] : [])),
      ...(crossing !== undefined && { way: crossing.way }),
      ...(leaving.address !== source.address && { leavesAs: leaving.address }),
    },
    [...sides.flatMap((side) => (side.allowed ? [] : [side.refusal])), ...(crossing?.refusals ?? [])],
  );
}

function whyUnreachable(source: End, target: End): readonly Refusal[] {
  if (isIpv4(source.address) !== isIpv4(target.address)) return [{ kind: 'familiesDiffer' }];
  if (source.kind === 'outside' && target.kind === 'outside') return [{ kind: 'neitherInVpc' }];
  const refusalOf = (name: 'source' | 'target', end: End): readonly Refusal[] => {
    if (end.kind === 'nobody') return [{ kind: 'noInterface', end: name, address: end.address }];
    if (end.kind !== 'interface' || end.instance !== undefined) return [];
    return [{ kind: 'unattached', end: name, interface: end.interface.id }];
  };
  return [...refusalOf('source', source), ...refusalOf('target', target)];
}

function judgeOf(flow: Flow, { source, target }: { source: End; target: End }, vpc: Vpc): Judge {
  if (source.kind === 'service' || target.kind === 'service') return 'nobody';
  if (source.kind !== 'interface' || target.kind !== 'interface') return 'ec2';
  if (source.address === target.address) return 'nobody';
  if (source.instance !== target.instance) return 'ec2';
  if (flow.probe === true && source.address === primaryOf(source.instance, vpc)?.addresses[0]) return 'nobody';
  return hasOwnGroups(source.interface, vpc) || hasOwnGroups(target.interface, vpc) ? 'agent' : 'nobody';
}

/** Pods with the node's groups leave the VPC as the node, by its primary address; pods with their own as themselves. */
function leavesBy(source: Owner, vpc: Vpc): Owner {
  if (!isIpv4(source.address) || hasOwnGroups(source.interface, vpc)) return source;
  const primary = primaryOf(source.instance, vpc);
  const [address] = primary?.addresses ?? [];
  return primary === undefined || address === undefined ? source : { ...source, interface: primary, address };
}

function crossingOf(source: End, target: End, vpc: Vpc): { way: Way; refusals: readonly Refusal[] } | undefined {
  if (source.kind === 'interface' && target.kind === 'outside') return cross(source, target, 'out', vpc);
  if (target.kind === 'interface' && source.kind === 'outside') return cross(target, source, 'in', vpc);
  return undefined;
}

function cross(
  inside: Owner,
  outside: End,
  direction: Direction,
  vpc: Vpc,
): { way: Way; refusals: readonly Refusal[] } {
  const { interface: owner, address } = inside;
  const way = wayOutside({ interface: owner, address, outside: outside.address, direction, vpc });
  if (way.open) return { way, refusals: [] };
  const gateway = way.id === undefined ? {} : { gateway: way.id };
  return { way, refusals: [{ kind: 'noWay', direction, reason: way.reason, subnet: owner.subnet, ...gateway }] };
}

const otherEnd = (end: End): OtherEnd => ({
  address: end.address,
  groups: end.kind === 'interface' ? end.interface.groups : [],
});

/** Network ACLs stand at the edges of subnets; packets that stay on an instance never meet one. */
function unmodelled(source: End, target: End, judge: Judge): readonly 'networkAcls'[] {
  if (judge !== 'ec2') return [];
  const subnetOf = (end: End) => (end.kind === 'interface' ? end.interface.subnet : undefined);
  return subnetOf(source) === subnetOf(target) ? [] : ['networkAcls'];
}
