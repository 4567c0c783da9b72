/**
 * Routing of the interfaces beyond the node's first, as data: packets from an interface's addresses leave by it. Rules
 * belong to interfaces and are set when a record is applied, so that a pod's coming and going touches none.
 */
import { ip, isIpv4 } from '../../core/address/ip.ts';
import { formatPrefix, hostPrefix, prefix } from '../../core/address/prefix.ts';
import { interfaceTable, routing } from '../../core/names.ts';
import type { InterfaceRecord, NodeNetworkSpec } from '../../core/records/node-network.ts';
import type { Family, NetChange, RuleSpec } from '../../linux/port.ts';

export interface Sysctl {
  readonly key: string;
  readonly value: string;
}
export interface InterfacePlan {
  readonly changes: readonly NetChange[];
  readonly sysctls: readonly Sysctl[];
}

/** One for a cluster: a record's addresses all are of it. */
export const familyOf = ({ interfaces: [one] }: NodeNetworkSpec): Family =>
  one?.primaryAddress.includes(':') === true ? 'ipv6' : 'ipv4';

/** What the node itself needs, whose first interface is `link`. */
export const planNode = (link: string, family: Family): InterfacePlan => ({
  changes: [],
  sysctls:
    family === 'ipv4'
      ? [
          { key: 'net/ipv4/ip_forward', value: '1' },
          // A NodePort's packets come in here for pods whose source rule leads elsewhere: strict filtering would drop them.
          { key: `net/ipv4/conf/${link}/rp_filter`, value: '2' },
        ]
      : [
          // Before forwarding, with which the kernel would forget the router that the VPC has told it of.
          { key: `net/ipv6/conf/${link}/accept_ra`, value: '2' },
          { key: 'net/ipv6/conf/all/forwarding', value: '1' },
        ],
});

export function planInterface(record: InterfaceRecord, link: string, mtu: number): InterfacePlan {
  if (record.purpose === 'trunk') return planTrunk(link, mtu);
  const table = interfaceTable(record.card, record.deviceIndex);
  const [primary, gateway] = [ip(record.primaryAddress), ip(record.gateway)];
  return {
    changes: [
      { op: 'set-link', link, up: true, mtu },
      // ARP needs a source that belongs to the interface; /32, since the subnet's route is the first interface's.
      // Neighbour discovery has the link-local one, and of IPv6 addresses the kernel would choose this for its own.
      ...(isIpv4(primary)
        ? [{ op: 'replace-address', link, address: primary, length: 32, scope: 'link' } as const]
        : []),
      { op: 'replace-route', destination: hostPrefix(gateway), link, scope: 'link', table },
      { op: 'replace-route', destination: prefix(isIpv4(primary) ? '0.0.0.0/0' : '::/0'), link, gateway, table },
    ],
    sysctls: [
      isIpv4(primary)
        ? // Sources of the same subnet are routed by the first interface: strict filtering would drop what comes in here.
          { key: `net/ipv4/conf/${link}/rp_filter`, value: '2' }
        : // The router's announcements would put a second default route beside the first interface's.
          { key: `net/ipv6/conf/${link}/accept_ra`, value: '0' },
    ],
  };
}

/** It carries its branches' packets; its own address is nobody's, and what comes untagged is dropped. */
const planTrunk = (link: string, mtu: number): InterfacePlan => ({
  changes: [{ op: 'set-link', link, up: true, mtu }],
  sysctls: [{ key: `net/ipv6/conf/${link}/accept_ra`, value: '0' }],
});

/** The primary of an interface gets no rule: a process of the node that binds it must not speak as the pods' groups. */
export const sourceRules = (record: InterfaceRecord): readonly RuleSpec<Family>[] =>
  [...record.addresses.map((address) => hostPrefix(ip(address))), ...record.prefixes.map(prefix)].map((from) => ({
    priority: routing.sourceRule,
    table: interfaceTable(record.card, record.deviceIndex),
    from,
  }));

/** All rules of the node: routes to pods, then connections that must leave by the first interface, then sources. */
export const nodeRules = (further: readonly InterfaceRecord[], family: Family): readonly RuleSpec<Family>[] => [
  { family, priority: routing.podRule, table: routing.podTable },
  {
    family,
    priority: routing.nodePortRule,
    table: routing.mainTable,
    mark: { value: routing.nodePortMark, mask: routing.nodePortMark },
  },
  ...further.flatMap(sourceRules),
];

/** Adds what is missing, then takes away our source rules that nothing wants any more. */
export function planRules(
  desired: readonly RuleSpec<Family>[],
  observed: readonly RuleSpec<Family>[],
): readonly NetChange[] {
  const key = ({ priority, table, from, mark }: RuleSpec<Family>): string =>
    `${priority} ${table} ${from === undefined ? 'all' : formatPrefix(from)} ${mark?.value}/${mark?.mask}`;
  const ours = observed.filter((rule) => rule.priority === routing.sourceRule && rule.table > routing.podTable);
  const present = new Set(observed.map(key));
  const wanted = new Set(desired.map(key));
  return [
    ...desired.filter((rule) => !present.has(key(rule))).map((rule) => ({ op: 'add-rule', ...rule }) as const),
    ...ours.filter((rule) => !wanted.has(key(rule))).map((rule) => ({ op: 'delete-rule', ...rule }) as const),
  ];
}
