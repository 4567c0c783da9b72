import { formatIp } from '../../core/address/ip.ts';
import { formatPrefix } from '../../core/address/prefix.ts';
import type { NetChange } from '../port.ts';

/** What an error is about, in a few words. */
export function describeChange(change: NetChange): string {
  switch (change.op) {
    case 'add-veth':
      return `${change.name} with peer ${change.peer.name}`;
    case 'add-vlan':
    case 'delete-vlan':
      return `${change.name} with id ${change.id} on ${change.trunk}`;
    case 'set-link':
    case 'delete-link':
      return change.link;
    case 'delete-group':
      return `group ${change.group}`;
    case 'replace-address':
    case 'delete-address':
      return `${formatIp(change.address)}/${change.length} on ${change.link}`;
    case 'replace-route':
    case 'delete-route': {
      const by = change.link === undefined ? '' : ` by ${change.link}`;
      return `${formatPrefix(change.destination)}${by} in table ${change.table ?? 'main'}`;
    }
    case 'replace-blackhole':
      return `${formatPrefix(change.destination)} in table ${change.table ?? 'main'}`;
    case 'replace-neighbour':
    case 'delete-neighbour':
      return `${formatIp(change.address)} on ${change.link}`;
    case 'add-rule':
    case 'delete-rule': {
      const from = change.from === undefined ? 'all' : formatPrefix(change.from);
      return `${change.priority} from ${from} to table ${change.table}`;
    }
  }
}
