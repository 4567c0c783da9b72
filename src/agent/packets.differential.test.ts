/**
 * The judgement against `evaluate`: groups, rules and flows at random on one node and to another, and for each flow the
 * verdict in theory and the packet in practice. JUDGEMENT_FLOWS and JUDGEMENT_SEED make a soak of it, or repeat one.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { formatIp } from '../core/address/ip.ts';
import { prefix, type Prefix4 } from '../core/address/prefix.ts';
import { evaluate } from '../core/vpc/evaluate.ts';
import type { Flow, SecurityGroup } from '../core/vpc/model.ts';
import { aGroup, allow } from '../lab/fabric/testing/builders.ts';
import { type Random, random } from '../lab/fabric/testing/random-vpc.ts';
import { PORTS } from '../lab/fabric/testing/scratch-instances.ts';
import { describeAsRoot, isRoot } from '../linux/testing/as-root.ts';
import { mayLoadPrograms } from '../linux/testing/may-load-programs.ts';
import { nameOf, type NodesInVpc, nodesInVpc, PROBE_PORT, type World } from './testing/nodes-in-vpc.suite.ts';

const flows = Number(process.env['JUDGEMENT_FLOWS'] ?? 600);
const seed = Number(process.env['JUDGEMENT_SEED'] ?? Date.now() % 1_000_000);
const perRound = Math.min(200, Math.ceil(flows / 6));
const groupIds = ['sg-0000000a', 'sg-0000000b', 'sg-0000000c', 'sg-0000000d'];
const listIds = ['pl-0000000a', 'pl-0000000b'];
/** The fabric's VLANs need programs, which not every root may load. */
const branch = isRoot && mayLoadPrograms();
const pods = [
  { name: 'plain1', node: 'a' },
  { name: 'plain2', node: 'a' },
  { name: 'own1', node: 'a', grouped: true },
  { name: 'own2', node: 'a', grouped: true },
  { name: 'own3', node: 'a', grouped: true, branch },
  { name: 'far', node: 'b', grouped: true, branch },
] as const;
const hosts = ['10.0.0.10', '10.0.1.10', ...pods.map(({ node }, at) => `10.0.${node === 'a' ? 0 : 1}.${20 + at}`)];

function randomWorld(from: Random): World {
  const someGroups = (): readonly string[] => [...new Set([from.pick(groupIds), ...from.some(groupIds, 0.2)])];
  return {
    nodeGroups: someGroups(),
    pods: pods.map(({ name, node, ...rest }) => ({
      name,
      node,
      ...('grouped' in rest && { groups: someGroups() }),
      ...('branch' in rest && { branch: rest.branch }),
    })),
    groups: groupIds.map((id) => randomGroup(from, id)),
    prefixLists: Object.fromEntries(
      from
        .some(listIds, 0.8)
        .map((id) => [id, Array.from({ length: from.below(4) }, () => prefix(randomRange(from)) as Prefix4)]),
    ),
  };
}

function randomGroup(from: Random, id: string): SecurityGroup {
  const rules = (direction: 'ingress' | 'egress') =>
    Array.from({ length: from.below(7) }, () => allow(direction, randomMatch(from), randomPeer(from)));
  // Both sides of a node are judged: without open egress most flows would end at the first.
  const open = from.chance(0.5) ? [allow('egress', 'all', '0.0.0.0/0')] : [];
  return aGroup(id, [...rules('ingress'), ...rules('egress'), ...open]);
}

const randomPort = (from: Random): string => {
  const [one, other] = [from.pick(PORTS), from.pick(PORTS)];
  return from.chance(0.15) ? '0-65535' : `${Math.min(one, other)}-${Math.max(one, other)}`;
};
const randomMatch = (from: Random): string =>
  from.pick([
    () => 'all',
    () => `tcp ${randomPort(from)}`,
    () => `tcp ${randomPort(from)}`,
    () => `6 ${randomPort(from)}`,
    () => `udp ${randomPort(from)}`,
    () => `17 ${randomPort(from)}`,
    () => `icmp ${from.pick([8, 0, 3, 13])}/${from.pick([-1, 0, 1])}`,
    () => 'icmp -1/-1',
    () => 'tcp',
    () => '99',
  ])();
const randomPeer = (from: Random): string => {
  if (from.chance(0.45)) return from.pick([...groupIds, 'sg-00000fff']);
  if (from.chance(0.2)) return from.pick([...listIds, 'pl-00000fff']);
  return from.chance(0.4) ? from.pick(['0.0.0.0/0', '::/0', '10.0.0.0/8']) : randomRange(from);
};
function randomRange(from: Random): string {
  const length = 22 + from.below(11);
  const [a = 0, b = 0, c = 0, d = 0] = from.pick(hosts).split('.').map(Number);
  const number = ((a * 256 + b) * 256 + c) * 256 + d;
  const base = number - (number % 2 ** (32 - length));
  return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join('.')}/${length}`;
}

describeAsRoot(`the judgement and evaluate (JUDGEMENT_SEED=${seed})`, () => {
  const from = random(seed);
  let nodes: NodesInVpc;
  beforeAll(async () => {
    nodes = await nodesInVpc(`brlt-${process.pid}`, randomWorld(from));
  });
  afterAll(() => nodes?.destroy());

  const randomFlow = (): { readonly flow: Flow; readonly ends: { readonly from: string; readonly to: string } } => {
    const [one, other] = [from.pick(nodes.places), from.pick(nodes.places)];
    if (one === other || (one === 'outside' && other.startsWith('node'))) return randomFlow();
    const ends = { source: nodes.address(one), target: nodes.address(other) };
    const protocol = from.pick([6, 6, 6, 17, 17, 1, 1, 99]);
    const port = protocol === 6 || protocol === 17 ? { port: from.pick(PORTS) } : {};
    const icmp = protocol === 1 ? { icmp: { type: from.pick([8, 8, 0, 3, 13]), code: from.pick([0, 0, 1]) } } : {};
    const probe = one.startsWith('node') && protocol === 6 && port.port === PROBE_PORT;
    return { flow: { ...ends, protocol, ...port, ...icmp, probe }, ends: { from: one, to: other } };
  };
  /** Without ports two ends have one connection, whichever began it; plain pods leave as one and the same end. */
  const someFlows = (count: number) => {
    const pairs = new Set<string>();
    return Array.from({ length: count }, randomFlow).filter(({ flow, ends }) => {
      const pair = [
        flow.protocol,
        ...[ends.from, ends.to].map((one) => one.replace(/^plain\d/, 'node-a')).sort(),
      ].join();
      const known = pairs.has(pair);
      pairs.add(pair);
      return flow.port !== undefined || flow.icmp !== undefined || !known;
    });
  };
  const describeFlow = ({ source, target, protocol, port, icmp }: Flow): string =>
    `${nameOf(nodes, source)} → ${nameOf(nodes, target)} (${formatIp(target)}) ${protocol} ${port ?? JSON.stringify(icmp)}`;

  it(
    `agree on ${flows} random flows`,
    async () => {
      let [left, round, open, judged] = [flows, 0, 0, 0];
      for (; left > 0; round++) {
        await nodes.change(randomWorld(from));
        nodes.forgetConnections();
        const vpc = nodes.vpc();
        const tried = someFlows(Math.min(left, perRound));
        const verdicts = tried.map(({ flow }) => evaluate(flow, vpc));
        const arrived = await nodes.probe(
          tried.map(({ flow: { protocol, port, icmp }, ends }, at) => ({
            ...ends,
            protocol,
            ...(port !== undefined && { port }),
            ...(icmp !== undefined && { icmp }),
            expected: verdicts[at]?.allowed === true,
          })),
        );
        const differing = tried.flatMap(({ flow }, at) =>
          verdicts[at]?.allowed === arrived[at] ? [] : [`${describeFlow(flow)} is ${arrived[at] ? 'open' : 'closed'}`],
        );
        expect(differing, `round ${round}`).toEqual([]);
        open += arrived.filter(Boolean).length;
        judged += verdicts.filter(({ judge }) => judge === 'agent').length;
        left -= tried.length;
      }
      // Neither side of the comparison may be nearly empty, or it proves nothing; nor may EC2 judge nearly all.
      expect(open).toBeGreaterThan(flows / 10);
      expect(open).toBeLessThan((flows * 9) / 10);
      expect(judged).toBeGreaterThan(flows / 4);
    },
    60_000 + flows * 20,
  );
});
