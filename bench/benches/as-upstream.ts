/**
 * Two more nodes in the same VPC, wired as the upstream CNI wires plain pods of a node's first interface, by its source of
 * v1.23: what a user has who leaves security groups for pods alone. Upstream's daemon is not needed: on a packet's way are
 * only the rules that it leaves behind.
 *
 *   up-client, up-same ── node c ══ vpc ══ node d ── up-cross
 */
import { spawnSync } from 'node:child_process';

import { links } from '../../src/core/names.ts';
import type { VpcOfNamespaces } from './vpc-of-namespaces.ts';

export const upstream = { same: '10.0.2.31', cross: '10.0.3.30' } as const;
interface Pod {
  readonly node: 'c' | 'd';
  readonly name: string;
  readonly address: string;
}
const pods: readonly Pod[] = [
  { node: 'c', name: 'up-client', address: '10.0.2.30' },
  { node: 'c', name: 'up-same', address: upstream.same },
  { node: 'd', name: 'up-cross', address: upstream.cross },
];

export function asUpstream(vpc: VpcOfNamespaces): void {
  for (const [at, node] of (['c', 'd'] as const).entries()) {
    const own = pods.filter((pod) => pod.node === node);
    const primaryAddress = `10.0.${2 + at}.10`;
    vpc.add(node);
    vpc.attach(node, {
      deviceIndex: 0,
      mac: `06:00:00:00:0${2 + at}:00`,
      primaryAddress,
      addresses: own.map(({ address }) => address),
    });
    vpc.run(node, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv4.conf.eth0.rp_filter=2');
    for (const pod of own) wire(vpc, pod);
    vpc.within(node, 'rule', 'add', 'pref', '1024', 'fwmark', '0x80/0x80', 'lookup', 'main');
    // Of the other interfaces' primary addresses.
    for (const other of [200, 201])
      vpc.within(node, 'rule', 'add', 'pref', '32765', 'from', `10.0.${2 + at}.${other}`, 'lookup', String(other));
    for (const rule of iptables(primaryAddress)) vpc.run(node, 'iptables', '--wait', ...rule.split(' '));
    load(vpc.netns(node), connmark);
  }
}

function wire(vpc: VpcOfNamespaces, { node, name, address }: Pod): void {
  const link = `eni${name}`;
  vpc.add(name);
  vpc.connect(node, link, name, 'eth0', '06:00:00:00:09:09');
  vpc.within(name, 'link', 'set', 'eth0', 'up');
  vpc.within(name, 'addr', 'add', `${address}/32`, 'dev', 'eth0');
  vpc.within(name, 'route', 'add', links.gateway4, 'dev', 'eth0', 'scope', 'link');
  vpc.within(name, 'route', 'add', 'default', 'via', links.gateway4, 'dev', 'eth0');
  vpc.within(node, 'link', 'set', link, 'address', '06:00:00:00:09:08');
  vpc.within(name, 'neigh', 'add', links.gateway4, 'lladdr', '06:00:00:00:09:08', 'dev', 'eth0', 'nud', 'permanent');
  vpc.within(node, 'route', 'add', `${address}/32`, 'dev', link, 'scope', 'link');
  vpc.within(node, 'rule', 'add', 'pref', '512', 'to', address, 'lookup', 'main');
}

const iptables = (primaryAddress: string): readonly string[] => [
  '-t nat -N AWS-SNAT-CHAIN-0',
  '-t nat -A POSTROUTING -j AWS-SNAT-CHAIN-0',
  '-t nat -A AWS-SNAT-CHAIN-0 -d 10.0.0.0/16 -j RETURN',
  `-t nat -A AWS-SNAT-CHAIN-0 ! -o vlan+ -m addrtype ! --dst-type LOCAL -j SNAT --to-source ${primaryAddress} --random-fully`,
  '-t mangle -A PREROUTING -i eth0 -m addrtype --dst-type LOCAL --limit-iface-in -j CONNMARK --set-mark 0x80/0x80',
  '-t mangle -A PREROUTING -i eni+ -j CONNMARK --restore-mark --mask 0x80',
  '-t mangle -A PREROUTING -i vlan+ -j CONNMARK --restore-mark --mask 0x80',
];

const connmark = `table ip aws-cni {
  chain snat-mark {
    counter ip daddr 10.0.0.0/16 return
    counter ct mark set ct mark or 0x80
  }
  chain nat-prerouting {
    type nat hook prerouting priority -90; policy accept;
    fib daddr type local return
    iifname "eni*" counter jump snat-mark
    ct mark and 0x80 == 0 counter meta mark set meta mark and 0xffffff7f
    ct mark and 0x80 == 0x80 counter meta mark set meta mark or 0x80
  }
}`;

function load(netns: string, input: string): void {
  const { status, stderr } = spawnSync('ip', ['netns', 'exec', netns, 'nft', '-f', '-'], { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`nft: ${stderr}`);
}
