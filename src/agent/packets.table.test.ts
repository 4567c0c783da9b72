/**
 * The table of real packets: who reaches whom on one node and across two, directly, by ClusterIP and by NodePort, with
 * and without groups on each end, before and after rules change. Every cell's expectation comes from `evaluate`.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { formatIp } from '../core/address/ip.ts';
import { prefix4 } from '../core/address/prefix.ts';
import { evaluate } from '../core/vpc/evaluate.ts';
import { evaluateNodePort } from '../core/vpc/node-port.ts';
import { aGroup, allow } from '../lab/fabric/testing/builders.ts';
import { describeAsRoot, isRoot } from '../linux/testing/as-root.ts';
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
const LIST = 'pl-0000000a';
/** The fabric's VLANs need programs, which not every root may load. */
const branch = isRoot && mayLoadPrograms();
const pods: readonly PodPlace[] = [
  { name: 'plain-a', node: 'a' },
  { name: 'web-a', node: 'a', groups: [WEB] },
  { name: 'db-a', node: 'a', groups: [DB], branch },
  { name: 'plain-b', node: 'b' },
  { name: 'web-b', node: 'b', groups: [WEB], branch },
];
const world = (rulesOf: Partial<Record<typeof WEB | typeof DB, readonly ReturnType<typeof allow>[]>> = {}): World => ({
  pods,
  nodeGroups: [NODE],
  prefixLists: { [LIST]: ['10.0.1.0/24', '203.0.113.0/24', '10.0.1.128/25'].map(prefix4) },
  groups: [
    aGroup(NODE, [
      allow('ingress', 'all', NODE),
      allow('ingress', 'tcp 30000-32767', '0.0.0.0/0'),
      allow('ingress', 'udp 30000-32767', WEB),
      allow('egress', 'all', '0.0.0.0/0'),
    ]),
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
        allow('ingress', 'tcp 80', LIST),
        allow('ingress', 'icmp -1/-1', NODE),
        allow('egress', 'tcp 80', NODE),
        allow('egress', 'icmp -1/-1', WEB),
      ],
    ),
  ],
});
const before = world();
/** What some connections need is gone, what others need has come. */
const after = world({
  [WEB]: [allow('ingress', 'tcp 81', DB), allow('ingress', 'udp 53', NODE), allow('egress', 'all', '0.0.0.0/0')],
  [DB]: [allow('ingress', 'all', '10.0.0.0/16'), allow('egress', 'all', WEB)],
});

const TCP = 6;
const UDP = 17;
const ICMP = 1;
const services = ['plain-a', 'web-a', 'db-a', 'web-b'] as const;
const clusterIp = (at: number): string => `172.20.0.${10 + at}`;
const nodePort = (at: number, policy: 'Cluster' | 'Local'): number => (policy === 'Cluster' ? 30_000 : 30_100) + at;
const serviced = [
  { protocol: TCP, name: 'tcp', port: 80 },
  { protocol: UDP, name: 'udp', port: 53 },
] as const;

interface Cell {
  readonly text: string;
  readonly attempt: Attempt;
}

describeAsRoot('the table of packets', () => {
  let nodes: NodesInVpc;
  const pairs = () => nodes.places.flatMap((from) => nodes.places.map((to) => ({ from, to })));
  const cell = (text: string, attempt: Attempt): Cell => ({
    text: `${attempt.from} → ${attempt.to} ${text}`,
    attempt,
  });

  const direct = (): readonly Cell[] =>
    pairs()
      .filter(({ from, to }) => from !== to && !(from === 'outside' && to === 'outside'))
      .flatMap((ends) => {
        const flow = { source: nodes.address(ends.from), target: nodes.address(ends.to) };
        const expected = (rest: object): boolean =>
          evaluate({ ...flow, protocol: TCP, probe: false, ...rest }, nodes.vpc()).allowed;
        const isProbe = { probe: ends.from.startsWith('node-') };
        const echo = { type: 8, code: 0 };
        return [
          cell('tcp 80', { ...ends, protocol: TCP, port: 80, expected: expected({ port: 80 }) }),
          cell('probe', {
            ...ends,
            protocol: TCP,
            port: PROBE_PORT,
            expected: expected({ port: PROBE_PORT, ...isProbe }),
          }),
          cell('udp 53', { ...ends, protocol: UDP, port: 53, expected: expected({ protocol: UDP, port: 53 }) }),
          cell('echo', { ...ends, protocol: ICMP, icmp: echo, expected: expected({ protocol: ICMP, icmp: echo }) }),
        ];
      });

  const byClusterIp = (): readonly Cell[] =>
    services.flatMap((to, at) =>
      nodes.places
        .filter((from) => from !== 'outside')
        .flatMap((from) =>
          serviced.map(({ protocol, name, port }) => {
            const flow = { source: nodes.address(from), target: nodes.address(to), protocol, port };
            const expected = evaluate(flow, nodes.vpc()).allowed;
            return cell(`by ClusterIP ${name}`, { from, to, target: clusterIp(at), protocol, port, expected });
          }),
        ),
    );

  const byNodePort = (): readonly Cell[] =>
    (['Cluster', 'Local'] as const).flatMap((policy) =>
      services.flatMap((to, at) =>
        nodes.places
          .filter((from) => from !== to)
          .flatMap((from) =>
            serviced.map(({ protocol, name, port: targetPort }) => {
              const port = nodePort(at, policy);
              const { allowed } = evaluateNodePort(
                {
                  client: nodes.address(from),
                  node: nodes.address('node-a'),
                  nodePort: port,
                  target: nodes.address(to),
                  targetPort,
                  protocol,
                  keepsClient: policy === 'Local',
                },
                nodes.vpc(),
              );
              const target = formatIp(nodes.address('node-a'));
              return cell(`by NodePort ${policy} ${name}`, { from, to, target, protocol, port, expected: allowed });
            }),
          ),
      ),
    );

  /** As kube-proxy would: DNAT where the client is, masquerade for NodePorts with policy Cluster and for hairpins. */
  const kubeProxy = (node: 'a' | 'b'): string => {
    const dnat = services.flatMap((name, at) =>
      serviced.flatMap(({ name: protocol, port }) => {
        const to = `dnat to ${formatIp(nodes.address(name))}:${port}`;
        const local = pods.find((pod) => pod.name === name)?.node === node;
        return [
          `ip daddr ${clusterIp(at)} ${protocol} dport ${port} ${to}`,
          `fib daddr type local ${protocol} dport ${nodePort(at, 'Cluster')} meta mark set meta mark or 0x4000 ${to}`,
          `fib daddr type local ${protocol} dport ${nodePort(at, 'Local')} ${local ? to : 'drop'}`,
        ];
      }),
    );
    const hairpins = services.map(
      (name) => `ip saddr ${formatIp(nodes.address(name))} ip daddr ${formatIp(nodes.address(name))} masquerade`,
    );
    return `table ip services {
      chain services { ${dnat.join('\n')}
      }
      chain prerouting { type nat hook prerouting priority dstnat; jump services
      }
      chain output { type nat hook output priority -100; jump services
      }
      chain postrouting {
        type nat hook postrouting priority srcnat
        meta mark and 0x4000 == 0x4000 masquerade
        ${hairpins.join('\n')}
      }
    }`;
  };

  /** What is otherwise than it should be; some cells must be open and some closed. */
  const wrong = async (cells: readonly Cell[]): Promise<readonly string[]> => {
    nodes.forgetConnections();
    const arrived = await nodes.probe(cells.map(({ attempt }) => attempt));
    const open = cells.filter(({ attempt }) => attempt.expected).length;
    expect(open).toBeGreaterThan(cells.length / 6);
    expect(open).toBeLessThan((cells.length * 5) / 6);
    return cells.flatMap(({ text, attempt }, at) =>
      attempt.expected === arrived[at] ? [] : [`${text} is ${arrived[at] ? 'open' : 'closed'}`],
    );
  };

  beforeAll(async () => {
    nodes = await nodesInVpc(`brlt-${process.pid}`, before);
    for (const node of ['a', 'b'] as const) nodes.load(node, kubeProxy(node));
  });
  afterAll(() => nodes?.destroy());

  it('holds between pods, processes of nodes, probes and the outside', async () => {
    expect(await wrong(direct())).toEqual([]);
  });

  it('holds by ClusterIP, also for a pod that is its own endpoint', async () => {
    expect(await wrong(byClusterIp())).toEqual([]);
  });

  it('holds by NodePort with policy Cluster and Local, from pods, nodes and the outside', async () => {
    expect(await wrong(byNodePort())).toEqual([]);
  });

  it('holds again after rules have changed, while connections that were open live on', async () => {
    const attempts = [...direct(), ...byClusterIp(), ...byNodePort()].filter(
      ({ attempt }) => attempt.protocol === TCP && attempt.port !== PROBE_PORT && attempt.expected,
    );
    nodes.forgetConnections();
    const held = await Promise.all(attempts.map(async ({ attempt }, tag) => nodes.hold(tag, attempt)));
    expect(held).not.toContain(false);
    await nodes.change(after);
    const alive = await Promise.all(attempts.map(async ({ attempt }, tag) => nodes.asks(tag, attempt.from, 10_000)));
    expect(attempts.flatMap(({ text }, at) => (alive[at] === true ? [] : [text]))).toEqual([]);

    const refused = [...direct(), ...byClusterIp(), ...byNodePort()].filter(({ text, attempt }) => {
      const was = attempts.find((one) => one.text === text);
      return was !== undefined && !attempt.expected;
    });
    expect(refused.length).toBeGreaterThan(10);
    expect(await wrong(direct())).toEqual([]);
    expect(await wrong(byClusterIp())).toEqual([]);
    expect(await wrong(byNodePort())).toEqual([]);
  });
});
