/**
 * What becomes of a connection when rules or groups change. EC2 tracks connections at each interface: a tracked one
 * lives on until it ends or idles out, whatever the rules say by then. An untracked one is cut at once when a rule that
 * it needs goes. Branchline's agent tracks all that it judges.
 */
import { isIpv4 } from '../address/ip.ts';
import { formatPrefix } from '../address/prefix.ts';
import { endOf } from './ends.ts';
import { evaluate } from './evaluate.ts';
import type { Flow, NetworkInterface, Vpc } from './model.ts';
import { differences } from './rule-match.ts';
import { type NormalRule, normaliseRule } from './rule.ts';
import type { Side, Verdict } from './verdict.ts';

export type Ongoing =
  | { readonly alive: true; readonly tracked: Readonly<Partial<Record<Side, boolean>>> }
  | {
      readonly alive: false;
      readonly because:
        /** It never passed. */
        | 'neverOpened'
        /** An address is on another interface, or on none. */
        | 'moved'
        /** Untracked at this side, and a rule for one of the two ways is gone. */
        | 'ruleGone';
      readonly side?: Side;
    };

export function evaluateOngoing(flow: Flow, { openedIn, now }: { readonly openedIn: Vpc; readonly now: Vpc }): Ongoing {
  const opened = evaluate(flow, openedIn);
  if (!opened.allowed) return { alive: false, because: 'neverOpened' };
  if (hasMoved(opened, now)) return { alive: false, because: 'moved' };
  const tracked: Partial<Record<Side, boolean>> = {};
  for (const { side, interface: id } of opened.passages) {
    const before = openedIn.interfaces.find((each) => each.id === id);
    const after = now.interfaces.find((each) => each.id === id);
    tracked[side] =
      opened.judge === 'agent' ||
      goesByGateway(opened) ||
      before === undefined ||
      isTracked({ flow, side, at: before, vpc: openedIn });
    if (tracked[side] || after === undefined) continue;
    if (!passesUntracked({ flow, side, at: after, vpc: now })) return { alive: false, because: 'ruleGone', side };
  }
  return { alive: true, tracked };
}

function hasMoved({ source, target }: Verdict, now: Vpc): boolean {
  return [source, target].some((end) => {
    if (end.kind !== 'interface') return false;
    const owner = endOf(end.address, now);
    return owner.kind !== 'interface' || owner.interface.id !== end.interface.id || owner.instance !== end.instance;
  });
}

/** EC2 always tracks what goes by these, whatever the rules. */
const goesByGateway = ({ way }: Verdict): boolean =>
  way?.open === true && (way.by === 'natGateway' || way.by === 'egressOnlyGateway');

export interface AtInterface {
  readonly flow: Flow;
  readonly side: Side;
  readonly at: NetworkInterface;
  readonly vpc: Vpc;
}

/**
 * EC2 does not track TCP and UDP where a rule admits the flow from or to everywhere and the other direction has a rule
 * for all ports to everywhere ("Security group connection tracking" in its user guide).
 */
export function isTracked({ flow, side, at, vpc }: AtInterface): boolean {
  if (flow.protocol !== 6 && flow.protocol !== 17) return true;
  const forth = rulesOf(at, side, vpc).some(
    (rule) => isEverywhere(rule, flow) && differences(rule, context(flow, side, vpc)).length === 0,
  );
  const back = rulesOf(at, opposite[side], vpc).some((rule) => isEverywhere(rule, flow) && hasAllPorts(rule, flow));
  return !(forth && back);
}

/** The port that replies go to is not known, so a rule for some ports is none. */
function passesUntracked({ flow, side, at, vpc }: AtInterface): boolean {
  const admits = (rule: NormalRule): boolean => differences(rule, context(flow, side, vpc)).length === 0;
  const forth = rulesOf(at, side, vpc).some(admits);
  const back = rulesOf(at, opposite[side], vpc).some(
    (rule) => hasAllPorts(rule, flow) && !differences(rule, context(flow, side, vpc)).includes('peer'),
  );
  return forth && back;
}

const opposite: Readonly<Record<Side, Side>> = { egress: 'ingress', ingress: 'egress' };

function context(flow: Flow, side: Side, vpc: Vpc) {
  const address = side === 'egress' ? flow.target : flow.source;
  const end = endOf(address, vpc);
  const groups = end.kind === 'interface' ? end.interface.groups : [];
  return { flow, other: { address, groups }, prefixLists: vpc.prefixLists };
}

const rulesOf = (at: NetworkInterface, direction: Side, vpc: Vpc): readonly NormalRule[] =>
  vpc.groups
    .filter(({ id }) => at.groups.includes(id))
    .flatMap(({ rules }) => rules.map(normaliseRule))
    .filter((rule) => rule !== undefined)
    .filter((rule) => rule.direction === direction);

const isEverywhere = ({ peer }: NormalRule, { source }: Flow): boolean =>
  (peer.kind === 'cidr4' || peer.kind === 'cidr6') &&
  formatPrefix(peer.prefix) === (isIpv4(source) ? '0.0.0.0/0' : '::/0');

function hasAllPorts({ match }: NormalRule, { protocol }: Flow): boolean {
  if (match.kind === 'any') return true;
  if (match.kind === 'protocol') return match.protocol === protocol;
  return match.kind === 'ports' && match.protocol === protocol && match.from === 0 && match.to === 65_535;
}
