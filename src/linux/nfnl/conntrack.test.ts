/** How connections are forgotten where the kernel deletes one at a time only (before Linux 6.11). */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { ip } from '../../core/address/ip.ts';
import { errno } from '../errno.ts';
import { openKernel } from '../kernel.ts';
import type { NetlinkSocket } from '../netlink/socket.ts';
import { decodeBody } from '../netlink/reader.ts';
import { HEADER_SIZE } from '../netlink/writer.ts';
import { OpenNetns } from '../netns/open-netns.ts';
import type { Kernel, Netns } from '../port.ts';
import { describeAsRoot } from '../testing/as-root.ts';
import { forgetConnections } from './conntrack.ts';
import { NFNL_SIZE } from './message.ts';

const FILTER = 25;

/** Refuses deletions with a filter as an older kernel does, and passes all else on. */
const older = (socket: NetlinkSocket): Pick<NetlinkSocket, 'request' | 'dump'> => ({
  dump: (message) => socket.dump(message),
  request(message) {
    const body = decodeBody(Buffer.from(message.subarray(HEADER_SIZE)), NFNL_SIZE);
    const isFiltered = body.ok && body.value.attributes.has(FILTER);
    return isFiltered ? { errno: errno.EINVAL, text: '', replies: [] } : socket.request(message);
  },
});

describeAsRoot('on an older kernel', () => {
  const name = `brlt-${process.pid}-c`;
  let kernel: Kernel;
  let netns: Netns;
  beforeAll(() => {
    kernel = openKernel();
    netns = kernel.createNetns(name);
  });
  afterAll(() => {
    netns.close();
    kernel.deleteNetns(name);
  });
  const conntrack = (...args: readonly string[]): string =>
    execFileSync('ip', ['netns', 'exec', name, 'conntrack', ...args], { encoding: 'utf8', stdio: 'pipe' });
  const track = (from: string, to: string): void => {
    const ends = ['-s', from, '-d', to, '-r', '10.0.0.8', '-q', '10.0.0.9'];
    const ports = ['--sport', '1', '--dport', '2', '--reply-port-src', from.slice(7), '--reply-port-dst', '1'];
    conntrack('-I', ...ends, '-p', 'udp', ...ports, '-t', '600');
  };
  const forget = (...addresses: readonly string[]): void =>
    forgetConnections(older(OpenNetns.of(netns).netfilter), addresses.map(ip));

  it('those of one address and of several go one by one, and others stay', () => {
    track('10.0.0.1', '10.0.0.2');
    track('10.0.0.3', '10.0.0.4');
    track('10.0.0.5', '10.0.0.6');
    forget('10.0.0.2');
    forget('10.0.0.3', '10.0.0.7');
    expect(conntrack('-L')).toMatch(/^udp .* src=10.0.0.5 .*\n$/);
    forget('10.0.0.9');
    expect(conntrack('-L')).toBe('');
  });
});
