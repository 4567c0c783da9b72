/**
 * Routing of the interfaces beyond the node's first, as data: packets from an interface's addresses leave by it. Rules
 * belong to interfaces and are set when a record is applied, so that a pod's coming and going touches none.
 */
import { ipv4 } from '../../core/address/ipv4.ts';
import { formatPrefix4, hostPrefix4, prefix4 } from '../../core/address/prefix.ts';
import { interfaceTable, routing } from '../../core/names.ts';
import type { InterfaceRecord } from '../../core/records/node-network.ts';
import type { NetChange, RuleSpec } from '../../linux/port.ts';

export interface Sysctl {
  readonly key: string;
  readonly value: string;
}
export interface InterfacePlan {
  readonly changes: readonly NetChange[];
  readonly sysctls: readonly Sysctl[];
}

/** Routes to this node's pods, before anything else decides. */
export const nodePlan: InterfacePlan = {
  changes: [{ op: 'add-rule', priority: routing.podRule, table: routing.podTable }],
  sysctls: [{ key: 'net/ipv4/ip_forward', value: '1' }],
};

export function planInterface(record: InterfaceRecord, link: string, mtu: number): InterfacePlan {
  const table = interfaceTable(record.card, record.deviceIndex);
  const gateway = ipv4(record.gateway);
  return {
    changes: [
      { op: 'set-link', link, up: true, mtu },
      // ARP needs a source that belongs to the interface; /32, since the subnet's route is the first interface's.
      { op: 'replace-address', link, address: ipv4(record.primaryAddress), length: 32, scope: 'link' },
      { op: 'replace-route', destination: hostPrefix4(gateway), link, scope: 'link', table },
      { op: 'replace-route', destination: prefix4('0.0.0.0/0'), link, gateway, table },
    ],
    // Sources of the same subnet are routed by the first interface: strict filtering would drop what comes in here.
    sysctls: [{ key: `net/ipv4/conf/${link}/rp_filter`, value: '2' }],
  };
}

/** The primary of an interface gets no rule: a process of the node that binds it must not speak as the pods' groups. */
export const sourceRules = (record: InterfaceRecord): readonly RuleSpec[] =>
  [...record.addresses.map((address) => hostPrefix4(ipv4(address))), ...record.prefixes.map(prefix4)].map((from) => ({
    priority: routing.sourceRule,
    table: interfaceTable(record.card, record.deviceIndex),
    from,
  }));

/** Adds what is missing, then takes away our rules of this priority that nothing wants any more. */
export function planRules(desired: readonly RuleSpec[], observed: readonly RuleSpec[]): readonly NetChange[] {
  const key = ({ table, from }: RuleSpec): string => `${table} ${from === undefined ? 'all' : formatPrefix4(from)}`;
  const ours = observed.filter((rule) => rule.priority === routing.sourceRule && rule.table > routing.podTable);
  const present = new Set(ours.map(key));
  const wanted = new Set(desired.map(key));
  return [
    ...desired.filter((rule) => !present.has(key(rule))).map((rule) => ({ op: 'add-rule', ...rule }) as const),
    ...ours.filter((rule) => !wanted.has(key(rule))).map((rule) => ({ op: 'delete-rule', ...rule }) as const),
  ];
}
