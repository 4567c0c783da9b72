/** VLAN devices: the kernel's own where it has 802.1Q, else of a veth and BPF. Callers see no difference. */
import { errno } from '../errno.ts';
import { KernelError } from '../errors.ts';
import type { NetlinkSocket } from '../netlink/socket.ts';
import { deleteLink } from '../rtnl/link.ts';
import { findLink } from '../rtnl/query.ts';
import { bpfVlan } from './bpf-vlan.ts';
import { dot1qVlan } from './dot1q-vlan.ts';
import { refusal, type VlanMaker, type VlanSpec } from './vlan-maker.ts';

/** Once the kernel has said so, it is not asked again. */
let lacksDot1q = false;

export function addVlan(socket: NetlinkSocket, spec: VlanSpec, only?: VlanMaker): void {
  if (!Number.isInteger(spec.id) || spec.id < 1 || spec.id > 4094) throw new RangeError(`${spec.id} is no VLAN id`);
  const trunk = findLink(socket, spec.trunk);
  if (trunk === undefined) throw refusal({ errno: errno.ENODEV, text: `no link ${spec.trunk}` }, spec);
  const whole = { mac: trunk.mac, mtu: trunk.mtu, ...spec, trunkIndex: trunk.index };
  if (only !== undefined) return only.add(socket, whole);
  try {
    if (!lacksDot1q) return dot1qVlan.add(socket, whole);
  } catch (error) {
    if (!(error instanceof KernelError) || error.errno !== 'EOPNOTSUPP') throw error;
    lacksDot1q = true;
  }
  bpfVlan.add(socket, whole);
}

export function removeVlan(socket: NetlinkSocket, { name, trunk, id }: Pick<VlanSpec, 'name' | 'trunk' | 'id'>): void {
  const link = findLink(socket, name);
  if (link === undefined) return;
  const trunkIndex = findLink(socket, trunk)?.index;
  if (trunkIndex !== undefined && link.kind !== 'vlan') bpfVlan.release(socket, { id, trunkIndex, index: link.index });
  const answer = socket.request(deleteLink({ name }));
  if (answer.errno !== 0 && answer.errno !== errno.ENODEV) throw refusal(answer, { name, trunk, id }, 'delete-vlan');
}
