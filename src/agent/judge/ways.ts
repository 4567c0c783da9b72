/**
 * Which way packets take and as whom, beside the judgement. By the node's first interface, whatever the pod's own is,
 *   - go answers to what came in by it for the node (NodePort, hostPort),
 *   - go pods' connections to such a port of their own node, which others translate to the node's address,
 *   - and plain pods leave the VPC, as the node.
 * A bit of the connection's mark remembers it; `routing.nodePortRule` sends what bears it to the main table.
 */
import { formatIpv4 } from '../../core/address/ipv4.ts';
import { formatPrefix4 } from '../../core/address/prefix.ts';
import { routing } from '../../core/names.ts';
import { chain, veths } from './chain.ts';
import type { Judgement } from './plan-judgement.ts';

const bit = `0x${routing.nodePortMark.toString(16)}`;
const mark = `ct mark set ct mark or ${bit}`;
const follow = `meta mark set meta mark or ${bit}`;

export const renderWays = (judgement: Judgement): readonly string[] => [
  // Before DNAT, while the packet still says whom it was for. A chain of type nat sees a connection's first packet alone.
  ...chain('remember', 'type nat hook prerouting priority dstnat - 50; policy accept;', [
    `iifname @node_links fib daddr type local ${mark}`,
    `iifname ${veths} fib daddr type local ${mark} ${follow}`,
  ]),
  // This one sees every packet: what most fail comes first.
  ...chain('follow', 'type filter hook prerouting priority mangle; policy accept;', [
    `ct mark and ${bit} == ${bit} iifname ${veths} ${follow}`,
  ]),
  ...translation(judgement),
];

/** Every IPv6 address is good outside the VPC. */
function translation({ untranslated, nodeAddress, hasAside }: Judgement): readonly string[] {
  if (nodeAddress === undefined) return [];
  const leaving = `iifname ${veths} oifname != ${veths} ip saddr != @grouped ip daddr != @untranslated`;
  const aside = `ct state new iifname ${veths} ip saddr @aside ip daddr != @untranslated fib daddr type != local`;
  return [
    'set untranslated {',
    'type ipv4_addr; flags interval;',
    ...(untranslated.length === 0 ? [] : [`elements = { ${untranslated.map(formatPrefix4).join(', ')} }`]),
    '}',
    // After DNAT, since a service may stand for an end within the VPC. Pods of the first interface need no mark, and
    // where there are no others every packet is spared the hook.
    ...(hasAside
      ? chain('leave', 'type filter hook prerouting priority dstnat + 10; policy accept;', [
          `${aside} ${mark} ${follow}`,
        ])
      : []),
    // After others' translations: a connection is translated once. Ports at random, as upstream has it: of connections
    // that begin together and are given the same port, all but one lose their first packet.
    ...chain('translate', 'type nat hook postrouting priority srcnat + 10; policy accept;', [
      `${leaving} snat ip to ${formatIpv4(nodeAddress)} fully-random`,
    ]),
  ];
}
