import { describe, expect, it } from 'vitest';

import { openKernel } from '../kernel.ts';
import { KernelError } from '../errors.ts';
import { OpenNetns } from '../netns/open-netns.ts';
import { mayLoadPrograms } from '../testing/may-load-programs.ts';
import { bpfVlan } from './bpf-vlan.ts';
import { dot1qVlan } from './dot1q-vlan.ts';
import { addVlan } from './vlan.ts';
import { vlanSuite } from './vlan.suite.ts';

const isRoot = process.getuid?.() === 0;
const name = `brlt-${process.pid}-v`;

function hasDot1q(): boolean {
  const kernel = openKernel();
  const netns = kernel.createNetns(name);
  try {
    kernel.apply(netns, [{ op: 'add-veth', name: 'trunk', peer: { name: 'far' } }]);
    addVlan(OpenNetns.of(netns).route, { name: 'vlan1', trunk: 'trunk', id: 1 }, dot1qVlan);
    return true;
  } catch (error) {
    if (error instanceof KernelError && error.errno === 'EOPNOTSUPP') return false;
    throw error;
  } finally {
    netns.close();
    kernel.deleteNetns(name);
  }
}

const canBpf = isRoot && mayLoadPrograms();
const canDot1q = isRoot && hasDot1q();
if (canBpf) vlanSuite('of a veth and BPF', bpfVlan);
else it.skip('VLAN devices of a veth and BPF (only root of the machine can load programs)');
if (canDot1q) vlanSuite('of 802.1Q', dot1qVlan);
else it.skip('VLAN devices of 802.1Q (not root, or this kernel has none)');

const hasEither = canBpf || canDot1q;
describe.skipIf(!hasEither)(`the kernel port${hasEither ? '' : ' (no kind of VLAN device can be made here)'}`, () => {
  it('makes VLAN devices of whichever kind this kernel has', () => {
    const kernel = openKernel();
    const netns = kernel.createNetns(name);
    try {
      kernel.apply(netns, [
        { op: 'add-veth', name: 'trunk', peer: { name: 'far' } },
        { op: 'add-vlan', name: 'vlan5', trunk: 'trunk', id: 5 },
      ]);
      expect(kernel.link(netns, 'vlan5')).toMatchObject({ name: 'vlan5', mac: kernel.link(netns, 'trunk')?.mac });
      kernel.apply(netns, [
        { op: 'delete-vlan', name: 'vlan5', trunk: 'trunk', id: 5 },
        { op: 'delete-vlan', name: 'vlan5', trunk: 'trunk', id: 5 },
      ]);
      expect(kernel.links(netns)).toHaveLength(3);
    } finally {
      netns.close();
      kernel.deleteNetns(name);
    }
  });
});
