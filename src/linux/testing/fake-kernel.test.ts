import { describe, expect, it } from 'vitest';

import { ipv4 } from '../../core/address/ipv4.ts';
import { mac } from '../../core/address/mac.ts';
import { prefix4 } from '../../core/address/prefix.ts';
import { kernelSuite } from '../kernel.suite.ts';
import { fakeKernel } from './fake-kernel.ts';

kernelSuite('fake', () => {
  const kernel = fakeKernel();
  return {
    kernel,
    track: (netns, { original, reply }) => kernel.track(netns, [...original, ...reply]),
    tracked: (netns, family) => kernel.connections(netns, family).length,
  };
});

describe('the fake kernel', () => {
  it('prints its whole state as sorted text', () => {
    const kernel = fakeKernel();
    const pod = kernel.createNetns('pod');
    kernel.plugIn(kernel.self(), { name: 'eth0', mac: mac('06:00:00:00:00:01') });
    kernel.apply(kernel.self(), [
      { op: 'add-veth', name: 'host0', up: true, peer: { name: 'eth0', netns: pod } },
      { op: 'replace-route', destination: prefix4('10.0.0.20/32'), link: 'host0', table: 20000 },
      { op: 'add-rule', priority: 700, table: 20000 },
    ]);
    kernel.nft(
      kernel.self(),
      'table inet t { map m { type ipv4_addr : verdict; }\n chain c {\n ip daddr vmap @m\n } }',
    );
    const key = [{ type: 'ipv4', value: ipv4('10.0.0.20') }] as const;
    kernel.elements(kernel.self(), [{ op: 'add', table: 't', set: 'm', key, verdict: { jump: 'c' } }]);
    expect(kernel.state()).toBe(`netns self
  link eth0 mac 06:00:00:00:00:01 mtu 1500 down
  link host0 mtu 1500 up peer in /run/netns/pod
  link lo mtu 65536 up
  nft t chain c
  nft t chain c 0000 ip daddr vmap @m
  nft t map m element 10.0.0.20 : jump c
  nft t map m ipv4_addr
  route table 20000 10.0.0.20/32 dev host0
  rule 700 from all table 20000
netns /run/netns/pod
  link eth0 mtu 1500 down peer in self
  link lo mtu 65536 up`);
  });

  it('fails once where it is told to', () => {
    const kernel = fakeKernel();
    kernel.failNext('apply', new Error('made to fail'));
    expect(() => kernel.apply(kernel.self(), [])).toThrow('made to fail');
    kernel.apply(kernel.self(), []);
  });
});
