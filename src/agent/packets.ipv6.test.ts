/** A node of an IPv6 cluster with real packets: the same judgement and the same ways, and nothing is translated. */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { buildShim } from '../../scripts/build-shim.ts';
import { nft } from '../core/names.ts';
import { describeAsRoot } from '../linux/testing/as-root.ts';
import { aGroup, allow, anInterface, aRecord, aSet } from './testing/builders.ts';
import { INTERNET6, REMOTE6, type ScratchNetwork } from './testing/scratch-network.ts';
import { type ServedNetwork, servedNetwork } from './testing/served-network.ts';

const NODE = 'sg-0000000000000000a';
const WEB = 'sg-0000000000000000b';
const DB = 'sg-0000000000000000c';
const addresses = {
  node: '2001:db8::10',
  // The first of a prefix of the node's interface, and the second.
  plain: '2001:db8:0:0:1::',
  other: '2001:db8::1:0:0:1',
  web: '2001:db8::20',
  db: '2001:db8::30',
  remote: REMOTE6,
  internet: INTERNET6,
};
type Place = keyof typeof addresses;
const pods = ['plain', 'other', 'web', 'db'] as const;
const common = { subnet: '2001:db8::/64', gateway: 'fe80:ec2::1' };
const interfaces = [
  anInterface({ ...common, primaryAddress: addresses.node, addresses: [], prefixes: ['2001:db8:0:0:1::/80'] }),
  anInterface({
    ...common,
    id: 'eni-web',
    mac: '06:00:00:00:00:02',
    deviceIndex: 1,
    purpose: 'groups',
    groups: [WEB],
    primaryAddress: '2001:db8::5',
    addresses: [addresses.web],
  }),
  anInterface({
    ...common,
    id: 'eni-db',
    mac: '06:00:00:00:00:03',
    deviceIndex: 2,
    purpose: 'groups',
    groups: [DB],
    primaryAddress: '2001:db8::6',
    addresses: [addresses.db],
  }),
];
const dbGroup = (port: number) =>
  aGroup(DB, [
    allow('ingress', WEB, { protocol: 'tcp', port }),
    allow('ingress', NODE, { protocol: 'icmpv6', port: 128, toPort: 0 }),
  ]);
const otherGroups = [
  aGroup(NODE, [allow('ingress', NODE), allow('egress', '::/0')]),
  aGroup(WEB, [
    allow('egress', '::/0'),
    // Of the other family: matches nothing here.
    allow('ingress', '0.0.0.0/0'),
    allow('ingress', NODE, { protocol: 'tcp', port: 80 }),
    allow('ingress', `${INTERNET6}/128`, { protocol: 'tcp', port: 80 }),
  ]),
];

describeAsRoot('packets of an IPv6 cluster', () => {
  let served: ServedNetwork;
  let network: ScratchNetwork;
  const seen = async (from: Place, to: Place, port = 80): Promise<string> => {
    const [address] = await network.seenAs(from, [{ host: addresses[to], port }]);
    const name = Object.entries(addresses).find(([, own]) => own === address)?.[0];
    return `${from} → ${to}:${port} ${address === undefined ? 'closed' : `as ${name ?? address}`}`;
  };
  const all = (...cells: readonly (readonly [Place, Place, number?])[]): Promise<readonly string[]> =>
    Promise.all(cells.map(async (cell) => seen(...cell)));

  beforeAll(async () => {
    served = await servedNetwork({
      prefix: `brlt-${process.pid}`,
      record: aRecord({
        interfaces,
        vpc: { id: 'vpc-1', cidrs: ['10.0.0.0/16', '2001:db8::/56'] },
        sets: [
          aSet([WEB], { interfaces: ['eni-web'], pods: ['uid-web'] }),
          aSet([DB], { interfaces: ['eni-db'], pods: ['uid-db'] }),
        ],
      }),
      securityGroups: [...otherGroups, dbGroup(5432)],
      pods: [{ name: 'plain' }, { name: 'other' }, { name: 'web', groups: WEB }, { name: 'db', groups: DB }],
      shim: buildShim,
    });
    ({ network } = served);
    await served.start();
    for (const name of pods) {
      network.addPod(name);
      const { stdout } = await served.cni('ADD', name);
      const [own] = (JSON.parse(stdout) as { readonly ips: readonly { readonly address: string }[] }).ips;
      expect(own).toMatchObject({ address: expect.stringContaining('/128'), gateway: 'fe80::1' });
    }
    await Promise.all(pods.map((name) => network.serve(name, [80, 5432, 8080])));
    await network.serve('node', [10_250]);
    await Promise.all(['remote', 'internet'].map((name) => network.serve(name, [80])));
  });
  afterAll(() => served?.destroy());

  it('pass and drop as the groups of both ends say', async () => {
    expect(
      await all(
        ['web', 'db', 5432],
        ['web', 'db'],
        ['db', 'web'],
        ['plain', 'web'],
        ['plain', 'web', 5432],
        ['plain', 'db', 5432],
        ['plain', 'other'],
        ['node', 'web'],
        ['node', 'db', 8080],
        ['plain', 'db', 8080],
        ['web', 'node', 10_250],
        ['plain', 'node', 10_250],
      ),
    ).toEqual([
      'web → db:5432 as web',
      'web → db:80 closed',
      'db → web:80 closed',
      'plain → web:80 as plain',
      'plain → web:5432 closed',
      'plain → db:5432 closed',
      'plain → other:80 as plain',
      'node → web:80 as node',
      // Its probe.
      'node → db:8080 as node',
      'plain → db:8080 closed',
      'web → node:10250 closed',
      'plain → node:10250 as plain',
    ]);
  });

  it('leave under the pods’ own addresses, each by its interface, which is no way to the node', async () => {
    expect(
      await all(
        ['plain', 'internet'],
        ['web', 'internet'],
        ['web', 'remote'],
        ['internet', 'web'],
        ['remote', 'plain'],
        ['remote', 'node', 10_250],
      ),
    ).toEqual([
      'plain → internet:80 as plain',
      'web → internet:80 as web',
      'web → remote:80 as web',
      'internet → web:80 as internet',
      'remote → plain:80 as remote',
      'remote → node:10250 as remote',
    ]);
    expect(await network.probe('remote', [{ host: '2001:db8::5', port: 10_250 }])).toEqual(['closed']);
  });

  it('to a NodePort are answered by the interface that they came by', async () => {
    network.load(
      'node',
      `table ip6 services {
        chain prerouting {
          type nat hook prerouting priority dstnat
          fib daddr type local tcp dport 30080 meta mark set 0x4000 dnat to [${addresses.web}]:80
          fib daddr type local tcp dport 30081 dnat to [${addresses.web}]:80
        }
        chain postrouting { type nat hook postrouting priority srcnat; meta mark and 0x4000 == 0x4000 masquerade
        }
      }`,
    );
    expect(await all(['internet', 'node', 30_080], ['internet', 'node', 30_081], ['remote', 'node', 30_081])).toEqual([
      'internet → node:30080 as node',
      'internet → node:30081 as internet',
      'remote → node:30081 closed',
    ]);
  });

  it('of a pod under another address, or of IPv4, go nowhere', async () => {
    network.run('web', ['ip', 'addr', 'add', '2001:db8::bad/128', 'dev', 'eth0', 'nodad']);
    const from = (source: string) =>
      network.run('web', [
        process.execPath,
        '-e',
        `const socket = require('node:net').connect({ host: '${addresses.db}', port: 5432, localAddress: '${source}' });
         const end = (answer) => { console.log(answer); process.exit(0); };
         socket.on('data', () => end('open')).on('error', () => end('closed'));
         setTimeout(() => end('closed'), 600);`,
      ]);
    expect([from('2001:db8::bad').trim(), from(addresses.web).trim()]).toEqual(['closed', 'open']);
    network.run('web', ['ip', 'addr', 'del', '2001:db8::bad/128', 'dev', 'eth0']);
    // Of what pods send, this alone goes on.
    expect(network.run('node', ['nft', 'list', 'chain', nft.family, nft.table, 'prerouting'])).toMatch(
      /\t\tiifname != "brl\*" accept\n\t\tiifname \. ip6 saddr @pods accept\n\t\tdrop\n\t}/,
    );
  });

  it('follow a rule, and are judged again after a restart of the agent', async () => {
    served.securityGroups.set(...otherGroups, dbGroup(80));
    await expect
      .poll(() => all(['web', 'db'], ['web', 'db', 5432]), { timeout: 20_000 })
      .toEqual(['web → db:80 as web', 'web → db:5432 closed']);
    await served.stop();
    await served.start();
    expect(await all(['web', 'db'], ['plain', 'db'], ['plain', 'other'])).toEqual([
      'web → db:80 as web',
      'plain → db:80 closed',
      'plain → other:80 as plain',
    ]);
  });

  it('go on when somebody has taken rules and table away', async () => {
    for (const pref of ['700', '750', '800', '800']) network.run('node', ['ip', '-6', 'rule', 'del', 'pref', pref]);
    network.run('node', ['nft', 'delete', 'table', nft.family, nft.table]);
    await expect
      .poll(() => all(['plain', 'other'], ['plain', 'db'], ['web', 'internet']), { timeout: 20_000 })
      .toEqual(['plain → other:80 as plain', 'plain → db:80 closed', 'web → internet:80 as web']);
    expect(network.run('node', ['ip', '-6', 'rule'])).toContain('fwmark 0x1000/0x1000 lookup main');
  });

  it('end with DEL', async () => {
    expect(await served.cni('DEL', 'other')).toEqual({ code: 0, stdout: '' });
    expect(await all(['plain', 'other'], ['plain', 'web'])).toEqual([
      'plain → other:80 closed',
      'plain → web:80 as plain',
    ]);
  });
});
