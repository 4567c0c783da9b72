import { describe, expect, it } from 'vitest';

import { ip } from '../../core/address/ip.ts';
import { ipv4 } from '../../core/address/ipv4.ts';
import { hostPrefix4, prefix, prefix4 } from '../../core/address/prefix.ts';
import type { RuleSpec } from '../../linux/port.ts';
import { anAttachment, anInterface, aTrunk } from '../testing/builders.ts';
import { hostLinkName, vethMac } from './names.ts';
import { nodeRules, planInterface, planRules, sourceRules } from './plan-interface.ts';
import { planPod, planPodRemoval, planPodRepair } from './plan-pod.ts';

const second = anInterface({
  deviceIndex: 2,
  card: 1,
  primaryAddress: '10.0.1.5',
  addresses: ['10.0.1.20'],
  prefixes: ['10.0.1.32/28'],
});

describe('the names of a pod’s links', () => {
  it('are functions of sandbox and interface name, and fit the kernel', () => {
    expect(hostLinkName('a', 'eth0')).toMatch(/^brl[0-9a-f]{11}$/);
    expect(hostLinkName('a', 'eth0')).not.toBe(hostLinkName('a', 'eth1'));
    expect(vethMac('host', 'a', 'eth0')).toMatch(/^02(:[0-9a-f]{2}){5}$/);
    expect(vethMac('host', 'a', 'eth0')).not.toBe(vethMac('pod', 'a', 'eth0'));
  });
});

describe('the plan of a pod’s link', () => {
  it('makes the peer in the pod’s namespace and gives it everything that it needs without ARP', () => {
    const netns = { path: '/run/netns/pod', identity: '4:1', close: () => undefined };
    const plan = planPod(anAttachment(), netns);
    expect(plan.host[0]).toMatchObject({ op: 'add-veth', up: true, peer: { name: 'eth0', netns } });
    expect(plan.host[1]).toMatchObject({ destination: hostPrefix4(ipv4('10.0.0.20')), table: 20000 });
    expect(plan.pod.map(({ op }) => op)).toEqual([
      'set-link',
      'replace-address',
      'replace-route',
      'replace-route',
      'replace-neighbour',
    ]);
    expect(plan.sysctls.map(({ key }) => key)).toEqual([
      'net/ipv4/conf/brl00000000001/accept_local',
      'net/ipv4/conf/brl00000000001/rp_filter',
    ]);
  });

  it('leaves the link to die with its namespace', () => {
    expect(planPodRemoval(anAttachment()).map(({ op }) => op)).toEqual(['delete-route']);
  });
});

describe('the plan of a link in an IPv6 cluster', () => {
  it('has the whole of an address, its gateway, and nothing to wait for', () => {
    const netns = { path: '/run/netns/pod', identity: '4:1', close: () => undefined };
    const address = ip('2001:db8::20');
    const { host, pod } = planPod(anAttachment({ address, nodeAddress: ip('2001:db8::10') }), netns);
    expect(host[1]).toMatchObject({ destination: prefix('2001:db8::20/128'), table: 20000 });
    expect(pod).toMatchObject([
      { op: 'set-link' },
      { op: 'replace-address', address, length: 128, noDad: true },
      { op: 'replace-route', destination: prefix('fe80::1/128') },
      { op: 'replace-route', destination: prefix('::/0'), gateway: ip('fe80::1') },
      { op: 'replace-neighbour', address: ip('fe80::1') },
    ]);
  });

  it('leaves the interface without an address, which the kernel would take for the node’s own', () => {
    const record = anInterface({ deviceIndex: 1, primaryAddress: '2001:db8::5', gateway: 'fe80:ec2::1' });
    expect(planInterface(record, 'eth1', 9001).changes.map(({ op }) => op)).toEqual([
      'set-link',
      'replace-route',
      'replace-route',
    ]);
  });
});

describe('the repair of routes', () => {
  it('puts back what is missing and takes away what leads to nobody', () => {
    const route = (address: string, link = 'brl00000000001') =>
      ({ destination: hostPrefix4(ipv4(address)), table: 20000, link, gateway: undefined }) as const;
    const wired = [anAttachment(), anAttachment({ containerId: 'b', address: ipv4('10.0.0.21') })];
    expect(planPodRepair(wired, [route('10.0.0.20'), route('10.0.0.99')])).toMatchObject([
      { op: 'replace-route', destination: hostPrefix4(ipv4('10.0.0.21')) },
      { op: 'replace-neighbour', address: ipv4('10.0.0.21') },
      { op: 'delete-route', destination: hostPrefix4(ipv4('10.0.0.99')) },
    ]);
    expect(planPodRepair(wired, [route('10.0.0.20'), route('10.0.0.21')])).toEqual([]);
    expect(planPodRepair(wired, [route('10.0.0.20', 'eth0'), route('10.0.0.21')])).toMatchObject([
      { op: 'replace-route', link: 'brl00000000001' },
      { op: 'replace-neighbour' },
    ]);
  });
});

describe('the plan of a further interface', () => {
  it('has its own table, by card and device index, and a loose reverse path', () => {
    const { changes, sysctls } = planInterface(second, 'eth2', 9001);
    expect(changes.filter(({ op }) => op === 'replace-route')).toMatchObject([{ table: 20103 }, { table: 20103 }]);
    expect(sysctls).toEqual([{ key: 'net/ipv4/conf/eth2/rp_filter', value: '2' }]);
  });

  it('has nothing of its own if it is a trunk', () => {
    expect(planInterface(aTrunk(), 'eth3', 9001).changes).toEqual([
      { op: 'set-link', link: 'eth3', up: true, mtu: 9001 },
    ]);
  });

  it('has a source rule for each address and prefix that pods may have, and none for its primary', () => {
    expect(sourceRules(second)).toEqual([
      { priority: 800, table: 20103, from: prefix4('10.0.1.20/32') },
      { priority: 800, table: 20103, from: prefix4('10.0.1.32/28') },
    ]);
  });

  it('comes after the rules of the node: first its pods, then what is marked for the first interface', () => {
    expect(nodeRules([second], 'ipv4')).toEqual([
      { family: 'ipv4', priority: 700, table: 20000 },
      { family: 'ipv4', priority: 750, table: 254, mark: { value: 0x1000, mask: 0x1000 } },
      ...sourceRules(second),
    ]);
    expect(planRules(nodeRules([second], 'ipv4'), nodeRules([second], 'ipv4'))).toEqual([]);
  });

  it('adds rules before it deletes any, and touches only its own', () => {
    const stale: RuleSpec = { priority: 800, table: 20103, from: prefix4('10.0.1.21/32') };
    const foreign: RuleSpec = { priority: 800, table: 100, from: prefix4('10.0.1.21/32') };
    const [kept, added] = sourceRules(second);
    const plan = planRules(
      [kept, added].filter((rule) => rule !== undefined),
      [stale, foreign, kept].filter((rule) => rule !== undefined),
    );
    expect(plan).toEqual([
      { op: 'add-rule', ...added },
      { op: 'delete-rule', ...stale },
    ]);
  });
});
