/**
 * A pod's wiring and its end: the agent's own plan in process, and the same through `ip -batch`, pod by pod in turns.
 * The namespaces exist beforehand, as they do when a container runtime calls.
 */
import { formatIp } from '../../src/core/address/ip.ts';
import { ipv4, type Ipv4 } from '../../src/core/address/ipv4.ts';
import { mac } from '../../src/core/address/mac.ts';
import type { Kernel, NetChange, Netns } from '../../src/linux/port.ts';
import { openKernel } from '../../src/linux/kernel.ts';
import { hostPrefix4, prefix4 } from '../../src/core/address/prefix.ts';
import { type Bench, byTurns, type Measure, timed } from '../bench.ts';
import { ipBatch } from './forked.ts';

const PREFIX = `brlbench-${process.pid}`;
const NODE = `${PREFIX}-node`;
const GATEWAY = ipv4('169.254.1.1');
const hostMac = mac('02:00:00:00:00:01');
const podMac = mac('02:00:00:00:00:02');
const TABLE = 20_000;
/** What `ip` waits 25 ms for is not done for every pod. */
const LINK_DELETIONS = 60;
const DYING = 300;
/** The dying takes about as long as wiring so many both ways; more pods would wait for nobody. */
const DURING = 40;
/** So that the 99th percentile is not the one unlucky pod of a single wave. */
const WAVES = 5;

interface Pod {
  readonly netns: string;
  readonly hostLink: string;
  readonly podLink: string;
  readonly address: Ipv4;
}
const podAt = (at: number, kind: 'a' | 'b'): Pod => ({
  netns: `${PREFIX}-${at}`,
  hostLink: `${kind}${at}`,
  podLink: kind === 'a' ? 'eth0' : 'eth1',
  address: (ipv4(kind === 'a' ? '10.1.0.0' : '10.2.0.0') + at) as Ipv4,
});

function wireInProcess(kernel: Kernel, node: Netns, pod: Pod): void {
  const netns = kernel.openNetns(`/run/netns/${pod.netns}`);
  const { address, hostLink: host, podLink: link } = pod;
  const peer = { name: link, netns, mac: podMac, mtu: 9001 };
  const inside: readonly NetChange[] = [
    { op: 'set-link', link, up: true },
    { op: 'replace-address', link, address, length: 32 },
    { op: 'replace-route', destination: hostPrefix4(GATEWAY), link, scope: 'link' },
    { op: 'replace-route', destination: prefix4('0.0.0.0/0'), link, gateway: GATEWAY },
    { op: 'replace-neighbour', link, address: GATEWAY, mac: hostMac },
  ];
  kernel.apply(node, [
    { op: 'add-veth', name: host, mac: hostMac, mtu: 9001, up: true, peer },
    { op: 'replace-route', destination: hostPrefix4(address), link: host, scope: 'link', table: TABLE },
    { op: 'replace-neighbour', link: host, address, mac: podMac },
  ]);
  kernel.apply(netns, inside);
  netns.close();
}

function wireByCommand(kernel: Kernel, node: Netns, { netns: name, hostLink, podLink, address }: Pod): void {
  const netns = kernel.openNetns(`/run/netns/${name}`);
  const own = formatIp(address);
  const gateway = formatIp(GATEWAY);
  const peer = `peer name ${podLink} netns ${name} address ${podMac} mtu 9001`;
  ipBatch(node, [
    `link add ${hostLink} address ${hostMac} mtu 9001 up type veth ${peer}`,
    `route replace ${own}/32 dev ${hostLink} scope link table ${TABLE}`,
    `neigh replace ${own} lladdr ${podMac} nud permanent dev ${hostLink}`,
  ]);
  ipBatch(netns, [
    `link set ${podLink} up`,
    `addr replace ${own}/32 dev ${podLink}`,
    `route replace ${gateway}/32 dev ${podLink} scope link`,
    `route replace default via ${gateway} dev ${podLink}`,
    `neigh replace ${gateway} lladdr ${hostMac} nud permanent dev ${podLink}`,
  ]);
  netns.close();
}

async function measure(pods: number, progress: (text: string) => void): Promise<readonly Measure[]> {
  const kernel = openKernel();
  const node = kernel.createNetns(NODE);
  const made = new Set<string>();
  const addNetns = (at: number): void => {
    made.add(`${PREFIX}-${at}`);
    kernel.createNetns(`${PREFIX}-${at}`).close();
  };
  const times = { wire: [[], []], routes: [[], []], links: [[], []], handed: [[], []], dying: [[], []] } as Record<
    string,
    [number[], number[]]
  >;
  const both = (name: string, turn: number, ours: () => void, baseline: () => void): void => {
    const [own, other] = times[name] ?? [[], []];
    byTurns(
      turn,
      () => own.push(timed(ours)),
      () => other.push(timed(baseline)),
    );
  };
  const wire = (name: string, at: number): void =>
    both(
      name,
      at,
      () => wireInProcess(kernel, node, podAt(at, 'a')),
      () => wireByCommand(kernel, node, podAt(at, 'b')),
    );
  try {
    for (let at = 0; at < pods; at++) addNetns(at);
    progress(`${pods} namespaces are made; wiring`);
    for (let at = 0; at < pods; at++) wire('wire', at);
    progress('taking routes away, which leaves the links to their namespaces');
    for (let at = 0; at < pods; at++) {
      const [a, b] = [podAt(at, 'a'), podAt(at, 'b')];
      both(
        'routes',
        at,
        () => kernel.apply(node, [{ op: 'delete-route', destination: hostPrefix4(a.address), table: TABLE }]),
        () => ipBatch(node, [`route del ${formatIp(b.address)}/32 table ${TABLE}`]),
      );
    }
    progress(`deleting ${LINK_DELETIONS} links, and handing as many over for deletion`);
    for (let at = 0; at < LINK_DELETIONS; at++) {
      both(
        'links',
        at,
        () => kernel.apply(node, [{ op: 'delete-link', link: podAt(at, 'a').hostLink }]),
        () => ipBatch(node, [`link del ${podAt(at, 'b').hostLink}`]),
      );
    }
    const [handed, deleted] = times['handed'] ?? [[], []];
    for (let at = LINK_DELETIONS; at < 2 * LINK_DELETIONS; at++) {
      let done = Promise.resolve();
      handed.push(timed(() => void (done = kernel.deleteLinks(node, [podAt(at, 'a').hostLink]))));
      // Else the other would wait for what still goes on in the kernel.
      await done;
      deleted.push(timed(() => ipBatch(node, [`link del ${podAt(at, 'b').hostLink}`])));
    }
    progress(`wiring ${DURING} pods while ${DYING} namespaces die, ${WAVES} times`);
    for (let wave = 0, at = pods; wave < WAVES; wave++, at += DURING + DYING) {
      for (let own = at; own < at + DURING + DYING; own++) addNetns(own);
      for (let own = at + DURING; own < at + DURING + DYING; own++) wireInProcess(kernel, node, podAt(own, 'a'));
      for (let own = at + DURING; own < at + DURING + DYING; own++) kernel.deleteNetns(`${PREFIX}-${own}`);
      for (let own = at; own < at + DURING; own++) wire('dying', own);
    }
  } finally {
    for (const name of made) kernel.deleteNetns(name);
    kernel.deleteNetns(NODE);
    node.close();
  }
  const names: Readonly<Record<string, string>> = {
    wire: `wire a pod (${pods})`,
    routes: `end of a pod: its route (${pods})`,
    links: `delete a link, waiting (${pods})`,
    handed: `delete a link, as its caller waits (${pods})`,
    dying: `wire a pod while ${DYING} namespaces die (${pods})`,
  };
  return Object.entries(times).map(([key, [ours, baseline]]) => ({
    name: names[key] ?? key,
    unit: 'ms',
    ours,
    baseline,
    against: 'ip -batch',
  }));
}

export const podWiring: Bench = {
  name: 'pod-wiring',
  summary: 'a pod’s links, routes and neighbours for 500 and 1,000 pods, against ip -batch',
  async run(progress) {
    return [...(await measure(500, progress)), ...(await measure(1000, progress))];
  },
};
