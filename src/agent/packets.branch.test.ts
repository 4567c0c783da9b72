/**
 * Pods with a branch interface each, beside pods that share one and pods without groups, on two nodes in a VPC that the
 * lab's fabric plays. Every cell's expectation comes from `evaluate`.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { evaluate } from '../core/vpc/evaluate.ts';
import { aGroup, allow } from '../lab/fabric/testing/builders.ts';
import { isRoot } from '../linux/testing/as-root.ts';
import { mayLoadPrograms } from '../linux/testing/may-load-programs.ts';
import {
  type Attempt,
  type NodesInVpc,
  nodesInVpc,
  type PodPlace,
  PROBE_PORT,
  type World,
} from './testing/nodes-in-vpc.suite.ts';

const NODE = 'sg-0000000a';
const WEB = 'sg-0000000b';
const DB = 'sg-0000000c';
const pods: readonly PodPlace[] = [
  { name: 'plain-a', node: 'a' },
  { name: 'shared-a', node: 'a', groups: [WEB] },
  { name: 'web-a', node: 'a', groups: [WEB], branch: true },
  { name: 'db-a', node: 'a', groups: [DB], branch: true },
  { name: 'plain-b', node: 'b' },
  { name: 'web-b', node: 'b', groups: [WEB], branch: true },
  { name: 'db-b', node: 'b', groups: [DB], branch: true },
];
const world = (rulesOf: Partial<Record<typeof WEB | typeof DB, readonly ReturnType<typeof allow>[]>> = {}): World => ({
  pods,
  nodeGroups: [NODE],
  prefixLists: {},
  groups: [
    aGroup(NODE, [allow('ingress', 'all', NODE), allow('ingress', 'tcp 80', WEB), allow('egress', 'all', '0.0.0.0/0')]),
    aGroup(
      WEB,
      rulesOf[WEB] ?? [
        allow('ingress', 'tcp 80', NODE),
        allow('ingress', 'udp 53', '10.0.0.0/16'),
        allow('ingress', 'icmp 8/-1', DB),
        allow('egress', 'all', '0.0.0.0/0'),
      ],
    ),
    aGroup(
      DB,
      rulesOf[DB] ?? [
        allow('ingress', 'tcp 80', WEB),
        allow('ingress', 'icmp -1/-1', NODE),
        allow('egress', 'tcp 80', NODE),
        allow('egress', 'icmp -1/-1', WEB),
      ],
    ),
  ],
});
const after = world({
  [WEB]: [allow('ingress', 'tcp 81', DB), allow('ingress', 'udp 53', NODE), allow('egress', 'all', '0.0.0.0/0')],
  [DB]: [allow('ingress', 'all', '10.0.0.0/16'), allow('egress', 'all', WEB)],
});

const TCP = 6;
const UDP = 17;
const ICMP = 1;
const fit = isRoot && mayLoadPrograms();
const reason = fit ? '' : ' (only root of the machine can load the programs of the fabric’s VLANs)';

describe.skipIf(!fit)(`packets of pods with branches${reason}`, () => {
  let nodes: NodesInVpc;

  const cells = (): readonly Attempt[] =>
    nodes.places
      .flatMap((from) => nodes.places.map((to) => ({ from, to })))
      .filter(({ from, to }) => from !== to)
      .flatMap((ends) => {
        const flow = { source: nodes.address(ends.from), target: nodes.address(ends.to) };
        const echo = { type: 8, code: 0 };
        const probe = ends.from.startsWith('node-');
        return [
          { protocol: TCP, port: 80 },
          { protocol: TCP, port: PROBE_PORT, probe },
          { protocol: UDP, port: 53 },
          { protocol: ICMP, icmp: echo },
        ].map(({ probe: isProbe = false, ...rest }) => ({
          ...ends,
          ...rest,
          expected: evaluate({ ...flow, probe: isProbe, ...rest }, nodes.vpc()).allowed,
        }));
      });
  const textOf = ({ from, to, protocol, port, icmp }: Attempt): string =>
    `${from} → ${to} ${protocol} ${port ?? JSON.stringify(icmp)}`;
  /** What is otherwise than it should be; some cells must be open and some closed. */
  const wrong = async (): Promise<readonly string[]> => {
    nodes.forgetConnections();
    const tried = cells();
    const arrived = await nodes.probe(tried);
    const open = tried.filter(({ expected }) => expected).length;
    expect(open).toBeGreaterThan(tried.length / 6);
    expect(open).toBeLessThan((tried.length * 5) / 6);
    return tried.flatMap((attempt, at) =>
      attempt.expected === arrived[at] ? [] : [`${textOf(attempt)} is ${arrived[at] === true ? 'open' : 'closed'}`],
    );
  };

  beforeAll(async () => {
    nodes = await nodesInVpc(`brlt-${process.pid}`, world());
  });
  afterAll(() => nodes?.destroy());

  it('pass and drop as their groups say, on one node, across two, from nodes and from outside', async () => {
    expect(await wrong()).toEqual([]);
  });

  it('follow rules that change, while connections that were open live on', async () => {
    await nodes.change(world());
    nodes.forgetConnections();
    const held = cells().filter(({ protocol, port, expected }) => protocol === TCP && port === 80 && expected);
    await Promise.all(held.map(async (attempt, tag) => nodes.hold(tag, attempt)));
    await nodes.change(after);
    const alive = await Promise.all(held.map(async ({ from }, tag) => nodes.asks(tag, from, 10_000)));
    expect(held.flatMap((attempt, at) => (alive[at] === true ? [] : [textOf(attempt)]))).toEqual([]);
    expect(cells().filter((one) => !one.expected && held.some((was) => textOf(was) === textOf(one)))).not.toEqual([]);
    expect(await wrong()).toEqual([]);
  });
});
