import { describe, expect, it } from 'vitest';

import { ip } from '../../core/address/ip.ts';
import { mac } from '../../core/address/mac.ts';
import { hostPrefix, prefix } from '../../core/address/prefix.ts';
import { branchTable, interfaceTable, links } from '../../core/names.ts';
import type { Link } from '../../linux/port.ts';
import { aBranch, anAttachment, anInterface, aSpec, aTrunk } from '../testing/builders.ts';
import { branchLinkName, isBranchLinkName } from './names.ts';
import { type Branch, branchesOf, branchRule, planBranch, planBranchDevice } from './plan-branches.ts';

const spec = aSpec({ interfaces: [anInterface(), aTrunk()], branches: [aBranch()] });
const branch: Branch = {
  id: 'eni-branch',
  vlan: 7,
  mac: mac('06:00:00:00:01:07'),
  trunkMac: aTrunk().mac,
  gateway: '10.0.0.1',
  address: ip('10.0.3.20'),
};
const link = (part: Partial<Link>): Link => ({
  index: 9,
  name: 'brv7',
  mac: branch.mac,
  mtu: 9001,
  up: true,
  kind: 'veth',
  group: links.branchGroup,
  ...part,
});
const trunk = link({ index: 3, name: 'eth3', mac: mac(aTrunk().mac), group: 0 });

describe('the name of a branch’s device', () => {
  it('says its VLAN id, and is none that rules take for a pod’s', () => {
    expect(branchLinkName(4094)).toBe('brv4094');
    expect(branchLinkName(4094).startsWith(links.hostVethPrefix)).toBe(false);
    expect(['brv7', 'brv4094'].filter(isBranchLinkName)).toHaveLength(2);
    expect(['brv', 'brv0', 'brv07', 'brv12345', 'brvx', 'brl00000000001'].filter(isBranchLinkName)).toEqual([]);
  });
});

describe('the branches of a node', () => {
  it('are those of the record whose trunk is in it', () => {
    expect(branchesOf(spec, [])).toEqual([branch]);
    expect(branchesOf({ ...spec, interfaces: [anInterface()] }, [])).toEqual([]);
    expect(branchesOf({ ...spec, interfaces: [aTrunk({ purpose: 'node' })] }, [])).toEqual([]);
  });

  it('are those that pods hold first, whatever the record says of their VLAN ids and addresses by now', () => {
    const { id, address, ...way } = branch;
    const holder = anAttachment({ interfaceId: id, address, branch: way });
    const heir = aBranch({ id: 'eni-heir', mac: '06:00:00:00:01:09', address: '10.0.3.22' });
    const another = aBranch({ id: 'eni-another', vlan: 8, address: '10.0.3.23' });
    expect(branchesOf({ ...spec, interfaces: [anInterface()], branches: [] }, [holder])).toEqual([branch]);
    expect(branchesOf({ ...spec, branches: [heir, another] }, [holder]).map((one) => one.id)).toEqual([
      'eni-branch',
      'eni-another',
    ]);
    const moved = aBranch({ vlan: 9 });
    expect(branchesOf({ ...spec, branches: [moved] }, [holder])).toEqual([branch]);
    expect(branchesOf({ ...spec, branches: [moved] }, [])).toMatchObject([{ vlan: 9 }]);
    expect(branchesOf({ ...spec, branches: [heir, another] }, []).map((one) => one.id)).toEqual([
      'eni-heir',
      'eni-another',
    ]);
  });
});

describe('the plan of a branch', () => {
  const device = (part?: Partial<Link>) =>
    planBranchDevice(branch, { trunk, device: part && link(part) }).map(({ op }) => op);

  it('makes its device once, and anew where it was not finished or is not its own', () => {
    expect(planBranchDevice(branch, { trunk, device: undefined })).toEqual([
      { op: 'add-vlan', name: 'brv7', trunk: 'eth3', id: 7, mac: branch.mac },
    ]);
    expect(device({})).toEqual([]);
    expect(device({ group: 0 })).toEqual(['delete-vlan', 'add-vlan']);
    expect(device({ mac: mac('06:00:00:00:01:09') })).toEqual(['delete-vlan', 'add-vlan']);
  });

  it('makes it anew where it is older than its trunk, which was attached again', () => {
    expect(device({ index: 2 })).toEqual(['delete-vlan', 'add-vlan']);
  });

  it('has a table of its own, beyond those of all interfaces, and gives the device no address', () => {
    const { changes, sysctls } = planBranch(branch, 9001);
    expect(changes).toEqual([
      { op: 'set-link', link: 'brv7', up: true, mtu: 9001, group: links.branchGroup },
      {
        op: 'replace-route',
        destination: hostPrefix(ip('10.0.0.1')),
        link: 'brv7',
        scope: 'link',
        table: branchTable(7),
      },
      {
        op: 'replace-route',
        destination: prefix('0.0.0.0/0'),
        link: 'brv7',
        gateway: ip('10.0.0.1'),
        table: branchTable(7),
      },
    ]);
    expect(sysctls).toEqual([{ key: 'net/ipv4/conf/brv7/rp_filter', value: '2' }]);
    expect(branchRule(branch)).toEqual({ priority: 800, table: 30007, from: prefix('10.0.3.20/32') });
    expect(branchTable(1)).toBeGreaterThan(interfaceTable(98, 99));
  });

  it('is the same in an IPv6 cluster, where the router’s announcements are not heard', () => {
    const six = { ...branch, gateway: 'fe80:ec2::1', address: ip('2001:db8::20') };
    const { changes, sysctls } = planBranch(six, 9001);
    expect(changes.at(-1)).toMatchObject({ destination: prefix('::/0'), gateway: ip('fe80:ec2::1') });
    expect(sysctls).toEqual([{ key: 'net/ipv6/conf/brv7/accept_ra', value: '0' }]);
    expect(branchRule(six)).toMatchObject({ from: prefix('2001:db8::20/128') });
  });
});
