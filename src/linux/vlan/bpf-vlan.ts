/**
 * VLAN devices without 802.1Q: the branch is one half of a veth in the trunk's namespace. What it sends is tagged and
 * sent by the trunk, so that its other half, which is up only to give it a carrier, sees no packet.
 *
 * Nothing is remembered here: which branch has which VLAN id stands in the map of the trunk's program, which is found
 * by the filter on the trunk. All of it stays when this process ends, and goes with the links.
 */
import { closeSync } from 'node:fs';

import {
  attachProgram,
  addClsact,
  decodeProgramId,
  type Direction,
  getFilter,
  NEW_FILTER,
} from '../bpf/traffic-control.ts';
import { popProgram, pushProgram, VLAN_IDS } from '../bpf/vlan-programs.ts';
import { errno } from '../errno.ts';
import { KernelError } from '../errors.ts';
import {
  createNumberArray,
  loadClassifier,
  mapIdOf,
  openMap,
  openProgram,
  readNumber,
  writeNumber,
} from '../ffi/bpf.ts';
import { expect, type NetlinkSocket } from '../netlink/socket.ts';
import { deleteLink, newVeth, setLink } from '../rtnl/link.ts';
import { findLink, listLinks } from '../rtnl/query.ts';
import { refusal, type VlanMaker } from './vlan-maker.ts';

/** The kernel puts a number in. */
const INNER_HALF = 'brlvlan%d';
const PUSH = 'brl_vlan_push';
const POP = 'brl_vlan_pop';

export const bpfVlan: VlanMaker = {
  add(socket, spec) {
    const { name, id, mac, mtu, up = false, trunkIndex } = spec;
    withBranches(socket, trunkIndex, (branches) => {
      const taken = readNumber(branches, id);
      if (taken !== 0 && listLinks(socket).some(({ index }) => index === taken)) {
        throw refusal({ errno: errno.EEXIST, text: 'the VLAN id is taken' }, spec);
      }
      const made = socket.request(newVeth({ near: { name: INNER_HALF, mtu, up: true }, peer: { name, mac, mtu } }));
      if (made.errno !== 0) throw refusal(made, spec);
      try {
        const index = findLink(socket, name)?.index;
        if (index === undefined) throw refusal({ errno: errno.ENODEV, text: 'it vanished' }, spec);
        using(loadClassifier({ name: PUSH, instructions: pushProgram({ vlanId: id, trunkIndex }) }), (program) =>
          attach(socket, { index, direction: 'egress', program, name: PUSH }),
        );
        writeNumber(branches, id, index);
        const answer = up ? socket.request(setLink({ index, up })) : made;
        if (answer.errno !== 0) throw refusal(answer, spec);
      } catch (error) {
        socket.request(deleteLink({ name }));
        writeNumber(branches, id, 0);
        throw error;
      }
    });
  },
  release(socket, { id, trunkIndex, index }) {
    const map = findBranches(socket, trunkIndex);
    if (map === undefined) return;
    using(map, (branches) => {
      if (readNumber(branches, id) === index) writeNumber(branches, id, 0);
    });
  },
};

/** Runs with the trunk's map, made with its program where there is none. */
function withBranches(socket: NetlinkSocket, trunkIndex: number, action: (branches: number) => void): void {
  const found = findBranches(socket, trunkIndex);
  if (found !== undefined) return using(found, action);
  using(createNumberArray(POP, VLAN_IDS), (branches) => {
    using(loadClassifier({ name: POP, instructions: popProgram(branches) }), (program) =>
      attach(socket, { index: trunkIndex, direction: 'ingress', program, name: POP }),
    );
    action(branches);
  });
}

/** The descriptor of the map of the trunk's program. */
function findBranches(socket: NetlinkSocket, trunkIndex: number): number | undefined {
  const answer = socket.request(getFilter({ index: trunkIndex, direction: 'ingress' }));
  const reply = answer.replies.find(({ type }) => type === NEW_FILTER);
  if (answer.errno !== 0 || reply === undefined) return undefined;
  return using(openProgram(expect(decodeProgramId(reply.payload))), (program) => openMap(mapIdOf(program)));
}

interface Attachment {
  readonly index: number;
  readonly direction: Direction;
  readonly program: number;
  readonly name: string;
}
function attach(socket: NetlinkSocket, attachment: Attachment): void {
  const outcomes = [socket.request(addClsact(attachment.index)), socket.request(attachProgram(attachment))];
  const [failure] = outcomes.filter((outcome, at) => outcome.errno !== 0 && (at > 0 || outcome.errno !== errno.EEXIST));
  if (failure === undefined) return;
  const object = `${attachment.name} on ${attachment.direction} of link ${attachment.index}`;
  throw new KernelError({ errno: failure.errno, operation: 'attach-program', object, text: failure.text });
}

function using<T>(fd: number, action: (fd: number) => T): T {
  try {
    return action(fd);
  } finally {
    closeSync(fd);
  }
}
