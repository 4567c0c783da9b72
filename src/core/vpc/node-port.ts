/**
 * A connection that comes in by a node's port. It is judged twice: as a connection to the node, and as one to the pod
 * behind it, which to the pod comes from the node (kube-proxy masquerades) or, with `externalTrafficPolicy: Local`, from
 * the client, through the node's interface and never the pod's own. A client on the node itself is translated before it
 * leaves, and what it may send is judged all the same: else its own node would be a way around its groups.
 */
import { type Ip, formatIp } from '../address/ip.ts';
import { endOf, hasOwnGroups, primaryOf } from './ends.ts';
import { evaluate } from './evaluate.ts';
import { explainVerdict } from './explain-verdict.ts';
import { judgeSide } from './judge-side.ts';
import type { Flow, Vpc } from './model.ts';
import { type Verdict, toVerdict } from './verdict.ts';

export interface NodePortFlow {
  readonly client: Ip;
  /** The node's address that the client connects to. */
  readonly node: Ip;
  readonly nodePort: number;
  readonly target: Ip;
  readonly targetPort: number;
  /** IP protocol number. */
  readonly protocol: number;
  /** `externalTrafficPolicy: Local`. Default false. */
  readonly keepsClient?: boolean;
}

export type NodePortVerdict =
  | {
      readonly allowed: boolean;
      readonly kind: 'judged';
      /** To the node, then to the pod; of a client on the node itself with groups of its own, first what it may send. */
      readonly legs: readonly Verdict[];
      /** The second leg came through the node's interface, where a client's groups cannot be told. */
      readonly groupsUnseen: boolean;
    }
  /** Nobody listens there: kube-proxy drops it. */
  | { readonly allowed: false; readonly kind: 'noEndpointHere'; readonly instance: string }
  | { readonly allowed: false; readonly kind: 'noNode'; readonly address: Ip };

export function evaluateNodePort(flow: NodePortFlow, vpc: Vpc): NodePortVerdict {
  const { client, node, nodePort, target, targetPort, protocol, keepsClient = false } = flow;
  const nodeEnd = endOf(node, vpc);
  const instance = nodeEnd.kind === 'interface' ? nodeEnd.instance : undefined;
  const primary = primaryOf(instance, vpc);
  const nodeAddress = primary?.addresses[0];
  if (instance === undefined || nodeAddress === undefined) return { allowed: false, kind: 'noNode', address: node };
  const clientEnd = endOf(client, vpc);
  const onNode = clientEnd.kind === 'interface' && clientEnd.instance === instance;
  const targetEnd = endOf(target, vpc);
  if (keepsClient && !(targetEnd.kind === 'interface' && targetEnd.instance === instance)) {
    return { allowed: false, kind: 'noEndpointHere', instance };
  }
  const toNode = onNode
    ? keepsClient
      ? []
      : egressOnNode({ source: client, target, protocol, port: targetPort }, vpc)
    : [evaluate({ source: client, target: node, protocol, port: nodePort }, vpc)];
  const groupsUnseen = keepsClient && !onNode;
  const toPod = groupsUnseen
    ? throughNode({ source: client, target, protocol, port: targetPort }, vpc)
    : evaluate({ source: keepsClient ? client : nodeAddress, target, protocol, port: targetPort }, vpc);
  const legs = [...toNode, toPod];
  return { allowed: legs.every((leg) => leg.allowed), kind: 'judged', legs, groupsUnseen };
}

/**
 * On the node, before the masquerade: egress of a client with groups of its own. A node knows the members of groups that
 * are on it; of a pod elsewhere only rules that name ranges tell.
 */
function egressOnNode(flow: Flow, vpc: Vpc): readonly Verdict[] {
  const source = endOf(flow.source, vpc);
  const target = endOf(flow.target, vpc);
  if (source.kind !== 'interface' || !hasOwnGroups(source.interface, vpc)) return [];
  const isHere = target.kind === 'interface' && target.instance === source.instance;
  const other = { address: flow.target, groups: isHere ? target.interface.groups : [] };
  const side = judgeSide({ side: 'egress', flow, vpc, interface: source.interface, other });
  const judged = { flow, source, target, judge: 'agent', notModelled: [] } as const;
  return [
    side.allowed
      ? toVerdict({ ...judged, passages: [side.passage] }, [])
      : toVerdict({ ...judged, passages: [] }, [side.refusal]),
  ];
}

/** At the pod's veth: ingress only, and of its rules those that name ranges. */
function throughNode(flow: Flow, vpc: Vpc): Verdict {
  const source = endOf(flow.source, vpc);
  const target = endOf(flow.target, vpc);
  const judged = { flow, source, target, notModelled: [] };
  if (target.kind !== 'interface' || !hasOwnGroups(target.interface, vpc)) {
    return toVerdict({ ...judged, judge: 'nobody', passages: [] }, []);
  }
  const side = judgeSide({
    side: 'ingress',
    flow,
    vpc,
    interface: target.interface,
    other: { address: flow.source, groups: [] },
  });
  return side.allowed
    ? toVerdict({ ...judged, judge: 'agent', passages: [side.passage] }, [])
    : toVerdict({ ...judged, judge: 'agent', passages: [] }, [side.refusal]);
}

export function explainNodePort(verdict: NodePortVerdict): string {
  switch (verdict.kind) {
    case 'noNode':
      return `the address ${formatIp(verdict.address)} is no node’s.`;
    case 'noEndpointHere':
      return `no endpoint of the service is on ${verdict.instance}, and externalTrafficPolicy: Local asks for one there.`;
    case 'judged': {
      const hint =
        verdict.groupsUnseen && !verdict.allowed
          ? [
              'It comes in by the node’s interface, where rules that name groups do not see the client: use IP targets, or name a range.',
            ]
          : [];
      return [...verdict.legs.map(explainVerdict), ...hint].join(' Then: ');
    }
  }
}
