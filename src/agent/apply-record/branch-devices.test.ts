import { describe, expect, it } from 'vitest';

import { ip } from '../../core/address/ip.ts';
import { mac } from '../../core/address/mac.ts';
import { silentLog } from '../../daemon/log.ts';
import { createLinkReaper } from '../attach/link-reaper.ts';
import { clockDouble } from '../testing/doubles.ts';
import { kernelDouble } from '../testing/kernel-double.ts';
import type { Branch } from '../wire/plan-branches.ts';
import { createBranchDevices } from './branch-devices.ts';

const TRUNK = '06:00:00:00:00:0f';
const branch = (vlan: number): Branch => ({
  id: `eni-${vlan}`,
  vlan,
  mac: mac(`06:00:00:00:01:0${vlan}`),
  trunkMac: TRUNK,
  gateway: '10.0.0.1',
  address: ip(`10.0.3.${vlan}`),
});

function node() {
  const kernel = kernelDouble();
  kernel.addLink('eth1', TRUNK);
  const clock = clockDouble();
  const reaper = createLinkReaper({ kernel, clock, log: silentLog, graceMs: 0 });
  const devices = createBranchDevices({ kernel, reaper });
  const apply = (...vlans: readonly number[]) => {
    kernel.log.length = 0;
    const input = { branches: vlans.map(branch), observed: kernel.links(kernel.self()), mtu: 9001 };
    devices.retire(input);
    return devices.apply(input);
  };
  const made = (): readonly string[] =>
    kernel
      .links(kernel.self())
      .map(({ name }) => name)
      .filter((name) => name.startsWith('brv'));
  return { kernel, clock, devices, apply, made };
}

describe('the devices of branches', () => {
  it('are made once, and cost nothing as long as they look as they did', () => {
    const { kernel, devices, apply } = node();
    expect(apply(1, 2).ready).toEqual(['eni-1', 'eni-2']);
    expect(kernel.log.filter((line) => line.includes('add-vlan'))).toHaveLength(2);
    expect(apply(1, 2).ready).toEqual(['eni-1', 'eni-2']);
    expect(kernel.log).toEqual([]);
    apply(1, 2, 3);
    expect(kernel.log.filter((line) => !line.endsWith('brv3'))).toEqual([]);
    devices.audit();
    apply(1);
    expect(kernel.log).toContain('apply self replace-route brv1');
    expect(kernel.log.filter((line) => line.includes('add-vlan'))).toEqual([]);
  });

  it('are made again where somebody has taken them away or down', () => {
    const { kernel, apply, made } = node();
    apply(1, 2);
    kernel.removeLink('brv1');
    kernel.apply(kernel.self(), [{ op: 'set-link', link: 'brv2', up: false }]);
    apply(1, 2);
    expect(made().toSorted()).toEqual(['brv1', 'brv2']);
    expect(kernel.log.filter((line) => line.includes('add-vlan'))).toEqual(['apply self add-vlan brv1']);
    expect(kernel.link(kernel.self(), 'brv2')).toMatchObject({ up: true });
  });

  it('wait for their trunk', () => {
    const { kernel, apply, made } = node();
    kernel.removeLink('eth1');
    expect(apply(1)).toMatchObject({ ready: [], links: [] });
    expect(made()).toEqual([]);
    kernel.addLink('eth1', TRUNK);
    expect(apply(1).ready).toEqual(['eni-1']);
  });

  it('are made anew when their trunk was attached again', () => {
    const { kernel, apply } = node();
    apply(1);
    kernel.removeLink('eth1');
    kernel.addLink('eth1', TRUNK);
    apply(1);
    expect(kernel.log.filter((line) => line.includes('vlan'))).toEqual([
      'apply self delete-vlan brv1',
      'apply self add-vlan brv1',
    ]);
  });

  it('are not held up by one that the kernel refuses', () => {
    const { kernel, apply } = node();
    kernel.failNext('apply');
    const { ready, refused } = apply(1, 2);
    expect(ready).toEqual(['eni-2']);
    expect([...refused].map(([id, { code }]) => [id, code])).toEqual([['eni-1', 'kernel-refused']]);
    expect(apply(1, 2).ready).toEqual(['eni-1', 'eni-2']);
  });

  it('carry nothing any more as soon as they are nobody’s, and go soon, unless they are wanted again', async () => {
    const { kernel, clock, apply, made } = node();
    apply(1, 2);
    apply(2);
    expect(kernel.link(kernel.self(), 'brv1')).toMatchObject({ up: false });
    apply(1, 2);
    await clock.advance(1000);
    expect(made()).toEqual(['brv1', 'brv2']);
    expect(kernel.link(kernel.self(), 'brv1')).toMatchObject({ up: true });
    apply(2);
    await clock.advance(1000);
    expect(made()).toEqual(['brv2']);
  });
});
