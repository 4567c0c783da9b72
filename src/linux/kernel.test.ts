/** The contract on the real kernel, and what `ip` and `nft` say of what it made; in namespaces of its own. */
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { connect, createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { formatIp, ip } from '../core/address/ip.ts';
import { ipv4 } from '../core/address/ipv4.ts';
import { mac } from '../core/address/mac.ts';
import { prefix } from '../core/address/prefix.ts';
import { describeAsRoot, isRoot } from './testing/as-root.ts';
import { openKernel } from './kernel.ts';
import { kernelSuite } from './kernel.suite.ts';
import { OpenNetns } from './netns/open-netns.ts';
import { within } from './netns/within.ts';
import type { Kernel, NetEvent, Netns } from './port.ts';

if (isRoot) {
  kernelSuite('Linux', () => {
    const kernel = openKernel();
    const conntrack = (netns: Netns, ...args: readonly string[]): string =>
      within(OpenNetns.of(netns), () => execFileSync('conntrack', args, { encoding: 'utf8', stdio: 'pipe' }));
    return {
      kernel,
      track: (netns, { original, reply }) => {
        const [from, to, replyFrom, replyTo] = [...original, ...reply].map(formatIp);
        const ends = ['-s', from ?? '', '-d', to ?? '', '-r', replyFrom ?? '', '-q', replyTo ?? ''];
        const ports = [
          '-p',
          'udp',
          '--sport',
          '1000',
          '--dport',
          '2000',
          '--reply-port-src',
          '2000',
          '--reply-port-dst',
          '1000',
        ];
        conntrack(netns, '-I', ...ends, ...ports, '-t', '600');
      },
      tracked: (netns, family) => conntrack(netns, '-L', '-f', family).split('\n').length - 1,
    };
  });
} else it.skip('the kernel port: Linux (only root can make network namespaces)');

describeAsRoot('the kernel', () => {
  const name = `brlt-${process.pid}-w`;
  const nearMac = mac('02:00:00:00:00:01');
  let kernel: Kernel;
  let netns: Netns;
  beforeAll(() => {
    kernel = openKernel();
    netns = kernel.createNetns(name);
    kernel.apply(netns, [{ op: 'add-veth', name: 'host0', mac: nearMac, up: true, peer: { name: 'eth0' } }]);
  });
  afterAll(() => {
    netns.close();
    kernel.deleteNetns(name);
  });
  const seen = (...args: readonly string[]): unknown =>
    JSON.parse(execFileSync('ip', ['-n', name, '-j', ...args], { encoding: 'utf8' }));

  it('has made what `ip` sees', () => {
    kernel.apply(netns, [
      { op: 'set-link', link: 'eth0', up: true, mtu: 1400, group: 7 },
      { op: 'replace-address', link: 'host0', address: ip('10.0.0.5'), length: 24, scope: 'link' },
      { op: 'replace-address', link: 'host0', address: ip('fd00::5'), length: 64, noDad: true },
      {
        op: 'replace-route',
        destination: prefix('10.8.0.0/16'),
        link: 'host0',
        gateway: ip('10.0.0.1'),
        table: 20000,
        source: ip('10.0.0.5'),
      },
      { op: 'replace-route', destination: prefix('10.9.0.0/16'), link: 'host0', gateway: ip('fd00::1') },
      { op: 'replace-neighbour', link: 'host0', address: ip('10.0.0.1'), mac: nearMac },
      {
        op: 'add-rule',
        priority: 800,
        table: 20000,
        from: prefix('10.0.0.0/24'),
        mark: { value: 0x1000, mask: 0xf000 },
      },
      { op: 'add-rule', priority: 801, table: 20000, family: 'ipv6', inputLink: 'host0' },
    ]);
    expect(seen('link', 'show', 'eth0')).toMatchObject([
      { mtu: 1400, group: '7', flags: expect.arrayContaining(['UP']) },
    ]);
    expect(seen('addr', 'show', 'host0')).toMatchObject([
      {
        addr_info: expect.arrayContaining([
          expect.objectContaining({ local: '10.0.0.5', prefixlen: 24, scope: 'link' }),
          expect.objectContaining({ local: 'fd00::5', nodad: true }),
        ]),
      },
    ]);
    expect(seen('route', 'show', 'table', '20000')).toMatchObject([
      { dst: '10.8.0.0/16', gateway: '10.0.0.1', dev: 'host0', prefsrc: '10.0.0.5', protocol: 'static' },
    ]);
    expect(seen('route', 'show', '10.9.0.0/16')).toMatchObject([{ via: { family: 'inet6', host: 'fd00::1' } }]);
    expect(seen('neigh', 'show', '10.0.0.1')).toMatchObject([{ lladdr: nearMac, state: ['PERMANENT'] }]);
    expect(seen('rule')).toContainEqual(
      expect.objectContaining({
        priority: 800,
        src: '10.0.0.0',
        srclen: 24,
        fwmark: '0x1000',
        fwmask: '0xf000',
        table: '20000',
      }),
    );
    expect(seen('-6', 'rule')).toContainEqual(expect.objectContaining({ priority: 801, iif: 'host0', table: '20000' }));
  });

  it('has set elements as `nft` would have written them, for its rules to match', () => {
    kernel.nft(
      netns,
      'table inet t {\n set s { type ifname . ipv4_addr; }\n map m { type ipv4_addr : verdict; }\n chain c {\n }\n}',
    );
    const key = [
      { type: 'ifname', value: 'host0' },
      { type: 'ipv4', value: ipv4('10.0.0.20') },
    ] as const;
    kernel.elements(netns, [
      { op: 'add', table: 't', set: 's', key },
      { op: 'add', table: 't', set: 'm', key: key.slice(1), verdict: { jump: 'c' } },
    ]);
    const nft = (...args: readonly string[]): string =>
      execFileSync('ip', ['netns', 'exec', name, 'nft', ...args], { encoding: 'utf8' });
    nft('get', 'element', 'inet', 't', 's', '{ "host0" . 10.0.0.20 }');
    expect(nft('list', 'map', 'inet', 't', 'm')).toContain('10.0.0.20 : jump c');
  });

  it('resolves names of links in the namespace that a rule text is for', () => {
    kernel.nft(netns, 'table inet here {\n chain c {\n iif "host0" drop\n }\n}');
    expect(kernel.nftList(netns, 'chain inet here c')).toContain('iif "host0" drop');
  });

  it('says in its errors what was asked, about what, and in the kernel’s own words', () => {
    const bad = {
      op: 'replace-route',
      destination: prefix('1.0.0.0/8'),
      link: 'host0',
      gateway: ip('9.9.9.9'),
    } as const;
    expect(() => kernel.apply(netns, [bad])).toThrow(
      'replace-route 1.0.0.0/8 by host0 in table main: ENETUNREACH: Nexthop has invalid gateway',
    );
  });

  it.each(['127.0.0.1', '::1'])('makes sockets at %s, in its namespace, that Node goes on with', async (address) => {
    const end = { address: ip(address), port: 4711 };
    const server = createServer((socket) => socket.end('hello'));
    server.listen({ fd: kernel.listenTcp(netns, { ...end, ttl: 3 }) });
    await once(server, 'listening');
    const client = new Socket({ fd: kernel.connectTcp(netns, end), readable: true, writable: true });
    const [words] = (await once(client, 'data')) as [Buffer];
    const datagrams = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    datagrams.bind({ fd: kernel.bindUdp(netns, end) });
    // Node reads the addresses back by itself.
    const told = { address, port: 4711 };
    expect([server.address(), datagrams.address()]).toMatchObject([told, told]);
    expect([client.remoteAddress, client.remotePort, String(words)]).toEqual([address, 4711, 'hello']);
    const listening = execFileSync('ip', ['netns', 'exec', name, 'ss', '-Hltn'], { encoding: 'utf8' });
    expect(listening).toContain(':4711');
    client.destroy();
    server.close();
    datagrams.close();
  });

  it('tells a watcher that events are lost when there are more than its buffer holds, and goes on', async () => {
    const events: NetEvent[] = [];
    const watch = kernel.watch(netns, (event) => events.push(event));
    try {
      const rule = { priority: 900, table: 20000 } as const;
      // Nothing is read meanwhile: this thread does not come to it.
      for (let at = 0; at < 3000; at++) {
        kernel.apply(netns, [
          { op: 'add-rule', ...rule },
          { op: 'delete-rule', ...rule },
        ]);
      }
      await expect.poll(() => events, { timeout: 10_000 }).toContainEqual({ subject: 'lost' });
      const later = { ...rule, priority: 901 };
      const isTold = (): boolean => {
        // As long as the buffer is full, this is lost as well.
        kernel.apply(netns, [
          { op: 'add-rule', ...later },
          { op: 'delete-rule', ...later },
        ]);
        return events.some((event) => event.subject === 'rule' && event.rule.priority === 901);
      };
      await expect.poll(isTold, { timeout: 10_000 }).toBe(true);
    } finally {
      watch.close();
    }
  });

  it('knows who is at the other end of a unix socket', async () => {
    const server = createServer().listen(join(tmpdir(), `${name}.sock`));
    await once(server, 'listening');
    const client = connect(join(tmpdir(), `${name}.sock`));
    const [accepted] = await once(server, 'connection');
    const { fd } = (accepted as { readonly _handle: { readonly fd: number } })._handle;
    expect(kernel.peerCredentials(fd)).toEqual({ pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() });
    client.destroy();
    server.close();
  });

  describe('within a namespace', () => {
    const home = readlinkSync('/proc/thread-self/ns/net');

    it('code runs there, and whatever it throws, this process is home again', () => {
      const own = OpenNetns.of(netns);
      expect(within(own, () => readlinkSync('/proc/thread-self/ns/net'))).toBe(`net:[${netns.identity.split(':')[1]}]`);
      expect(() =>
        within(own, () => {
          throw new Error('mistake');
        }),
      ).toThrow('mistake');
      expect(readlinkSync('/proc/thread-self/ns/net')).toBe(home);
    });

    it('nothing asynchronous and no further namespace may be entered', () => {
      const own = OpenNetns.of(netns);
      expect(() => within(own, async () => undefined)).toThrow(TypeError);
      expect(() => within(own, () => within(own, () => undefined))).toThrow('from within another');
    });

    it('no thread of this process is left behind', () => {
      const threads = readdirSync('/proc/self/task').map((id) => readlinkSync(join('/proc/self/task', id, 'ns/net')));
      expect(new Set(threads)).toEqual(new Set([home]));
    });
  });
});
