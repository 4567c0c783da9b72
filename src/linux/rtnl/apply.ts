/**
 * Carries out changes of links, addresses, routes, neighbours and rules, one message each and in order. A message is
 * sent only when the one before has succeeded: sending all in one go saves a sixth of the time, but the kernel goes on
 * after a failure, and what comes after a link that could not be made is not what was asked for.
 */
import { errno } from '../errno.ts';
import { KernelError } from '../errors.ts';
import type { Answer, NetlinkSocket } from '../netlink/socket.ts';
import type { NetChange, Netns } from '../port.ts';
import { addVlan, removeVlan } from '../vlan/vlan.ts';
import { deleteAddress, replaceAddress } from './address.ts';
import { describeChange } from './describe-change.ts';
import { deleteLink, newVeth, setLink } from './link.ts';
import { deleteNeighbour, replaceNeighbour } from './neighbour.ts';
import { findLink, linkOf, peerIndexOf } from './query.ts';
import { deleteRoute, replaceBlackhole, replaceRoute } from './route.ts';
import { addRule, deleteRule } from './rule.ts';

/** What says that a thing is already as it should be, by what was asked. */
const alreadySo: Readonly<Record<NetChange['op'], readonly number[]>> = {
  'add-veth': [],
  'add-vlan': [],
  'delete-vlan': [],
  'set-link': [],
  'delete-link': [errno.ENODEV],
  'delete-group': [errno.ENODEV],
  'replace-address': [],
  'delete-address': [errno.EADDRNOTAVAIL, errno.ENODEV],
  'replace-route': [],
  'replace-blackhole': [],
  'delete-route': [errno.ESRCH, errno.ENOENT],
  'replace-neighbour': [],
  'delete-neighbour': [errno.ENOENT],
  'add-rule': [errno.EEXIST],
  'delete-rule': [errno.ENOENT, errno.ESRCH],
};

export interface ApplyOptions {
  readonly socket: NetlinkSocket;
  readonly changes: readonly NetChange[];
  readonly netnsFd: (netns: Netns) => number;
  /** Indexes of links in the namespace that are known; default none. */
  readonly known?: ReadonlyMap<string, number>;
  /** Told where the other end of a veth has come to be, by kernels that say so. */
  readonly onPeer?: (netns: Netns, peer: { readonly name: string; readonly index: number }) => void;
}

export function applyChanges({ socket, changes, netnsFd, known, onPeer }: ApplyOptions): void {
  /** Indexes of this call's links: each name is asked for once. */
  const indexes = new Map<string, number>(known);
  const indexOf = (name: string): number | undefined => {
    const index = indexes.get(name) ?? findLink(socket, name)?.index;
    if (index !== undefined) indexes.set(name, index);
    return index;
  };
  for (const change of changes) {
    const required = (name: string): number => {
      const index = indexOf(name);
      if (index !== undefined) return index;
      throw new KernelError({
        errno: errno.ENODEV,
        operation: change.op,
        object: describeChange(change),
        text: `no link ${name}`,
      });
    };
    const answer = carryOut(change, { socket, required, indexOf, netnsFd });
    if (answer !== undefined && answer.errno !== 0 && !alreadySo[change.op].includes(answer.errno)) {
      const { errno: number, text } = answer;
      throw new KernelError({ errno: number, operation: change.op, object: describeChange(change), text });
    }
    if (change.op === 'add-veth' && answer !== undefined) {
      const made = linkOf(answer);
      if (made !== undefined) indexes.set(made.name, made.index);
      const { name, netns } = change.peer;
      const index = peerIndexOf(answer);
      if (netns !== undefined && index !== undefined) onPeer?.(netns, { name, index });
    }
    if (change.op.startsWith('delete-')) indexes.clear();
    if (change.op === 'set-link' && change.rename !== undefined) indexes.delete(change.link);
  }
}

interface Surroundings {
  readonly socket: NetlinkSocket;
  readonly required: (name: string) => number;
  readonly indexOf: (name: string) => number | undefined;
  readonly netnsFd: (netns: Netns) => number;
}

/** undefined when there is nothing to look at: what goes with a link has gone with it. */
function carryOut(change: NetChange, { socket, required, indexOf, netnsFd }: Surroundings): Answer | undefined {
  switch (change.op) {
    case 'add-veth': {
      const { name, mac, mtu, group, up = false, peer } = change;
      const { netns, ...end } = peer;
      const netnsOption = netns === undefined ? {} : { netnsFd: netnsFd(netns) };
      return socket.request(newVeth({ near: { name, mac, mtu, group, up }, peer: { ...end, ...netnsOption } }));
    }
    case 'add-vlan':
      addVlan(socket, change);
      return undefined;
    case 'delete-vlan':
      removeVlan(socket, change);
      return undefined;
    case 'set-link': {
      const { link, up, mac, mtu, group, rename } = change;
      return socket.request(setLink({ index: required(link), up, mac, mtu, group, name: rename }));
    }
    case 'delete-link':
      return socket.request(deleteLink({ name: change.link }));
    case 'delete-group':
      return socket.request(deleteLink({ group: change.group }));
    case 'replace-address':
      return socket.request(replaceAddress({ ...change, index: required(change.link) }));
    case 'replace-route':
      return socket.request(replaceRoute({ ...change, index: required(change.link) }));
    case 'replace-blackhole':
      return socket.request(replaceBlackhole(change));
    case 'replace-neighbour':
      return socket.request(replaceNeighbour({ ...change, index: required(change.link) }));
    case 'delete-address': {
      const index = indexOf(change.link);
      return index === undefined ? undefined : socket.request(deleteAddress({ ...change, index }));
    }
    case 'delete-neighbour': {
      const index = indexOf(change.link);
      return index === undefined ? undefined : socket.request(deleteNeighbour({ ...change, index }));
    }
    case 'delete-route': {
      if (change.link === undefined) return socket.request(deleteRoute(change));
      const index = indexOf(change.link);
      return index === undefined ? undefined : socket.request(deleteRoute({ ...change, index }));
    }
    case 'add-rule':
      return socket.request(addRule(change));
    case 'delete-rule':
      return socket.request(deleteRule(change));
  }
}
