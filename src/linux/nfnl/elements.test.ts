/** How elements are removed where the kernel has no message that deletes what may be absent (before Linux 6.3). */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { ipv4 } from '../../core/address/ipv4.ts';
import { openKernel } from '../kernel.ts';
import { OpenNetns } from '../netns/open-netns.ts';
import type { NetlinkSocket } from '../netlink/socket.ts';
import type { ElementChange, Kernel, Netns, SetChange } from '../port.ts';
import { describeAsRoot } from '../testing/as-root.ts';
import { changeElements } from './elements.ts';

/** DESTROYSETELEM and DESTROYCHAIN. */
const unknownTypes: readonly number[] = [(10 << 8) | 30, (10 << 8) | 27];
const EINVAL = 22;
const typeOf = (message: Uint8Array): number => new DataView(message.buffer, message.byteOffset).getUint16(4, true);

/** Refuses the newer message as an older kernel does, and passes all else on. */
const older = (socket: NetlinkSocket): Pick<NetlinkSocket, 'batch' | 'request'> => ({
  request: (message) => socket.request(message),
  batch(messages) {
    const unknown = messages.flatMap((message, at) => (unknownTypes.includes(typeOf(message)) ? [at] : []));
    return unknown.length === 0 ? socket.batch(messages) : unknown.map((at) => ({ at, errno: EINVAL, text: '' }));
  },
});

describeAsRoot('on an older kernel', () => {
  const name = `brlt-${process.pid}-e`;
  let kernel: Kernel;
  let netns: Netns;
  const change = (op: 'add' | 'remove', text: string, set = 's'): ElementChange => ({
    op,
    table: 't',
    set,
    key: [{ type: 'ipv4', value: ipv4(text) }],
  });
  const apply = (...changes: readonly SetChange[]): void =>
    changeElements(older(OpenNetns.of(netns).netfilter), changes);
  beforeAll(() => {
    kernel = openKernel();
    netns = kernel.createNetns(name);
    kernel.nft(netns, 'table inet t {\n set s { type ipv4_addr; }\n}');
  });
  afterAll(() => {
    netns.close();
    kernel.deleteNetns(name);
  });

  it('absent elements are gone already, and the rest is one transaction still', () => {
    apply(change('add', '10.0.0.1'), change('add', '10.0.0.2'));
    apply(
      change('remove', '10.0.0.8'),
      change('remove', '10.0.0.1'),
      change('remove', '10.0.0.9'),
      change('add', '10.0.0.3'),
    );
    expect(kernel.nftList(netns, 'set inet t s')).toContain('{ 10.0.0.2, 10.0.0.3 }');
    apply(change('remove', '10.0.0.8'));
  });

  it('absent chains are gone already, but an absent table is a mistake', () => {
    const gone = { op: 'remove-chain', table: 't', chain: 'c' } as const;
    apply({ ...gone, op: 'add-chain' }, change('add', '10.0.0.4'));
    apply(gone, { ...gone, chain: 'other' }, change('remove', '10.0.0.4'));
    expect(kernel.nftList(netns, 'table inet t')).not.toMatch(/chain c|10.0.0.4/);
    apply(gone);
    expect(() => apply({ ...gone, table: 'none' })).toThrow('remove-chain none c: ENOENT');
  });

  it('an absent set is a mistake still', () => {
    expect(() => apply(change('remove', '10.0.0.2', 'none'))).toThrow('remove-element t none: ENOENT');
    expect(() => apply(change('remove', '10.0.0.2'), change('add', '10.0.0.2', 'none'))).toThrow('ENOENT');
    expect(kernel.nftList(netns, 'set inet t s')).toContain('10.0.0.2');
  });
});
