/** VLAN devices of the kernel's own 802.1Q. They go with their trunk. */
import { newVlan } from '../rtnl/link.ts';
import { refusal, type VlanMaker } from './vlan-maker.ts';

export const dot1qVlan: VlanMaker = {
  add(socket, spec) {
    const answer = socket.request(newVlan(spec));
    if (answer.errno !== 0) throw refusal(answer, spec);
  },
  release: () => undefined,
};
