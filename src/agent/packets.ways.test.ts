/**
 * Which way packets take and as whom, with real ones: who leaves the VPC under whose address, and who answers what came
 * to a port of the node. The router drops what leaves by a wrong interface.
 */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { buildShim } from '../../scripts/build-shim.ts';
import type { SettingValues } from '../core/settings/settings.ts';
import { describeAsRoot } from '../linux/testing/as-root.ts';
import { aGroup, allow, anInterface, aRecord, aSet } from './testing/builders.ts';
import { INTERNET, REMOTE, type ScratchNetwork } from './testing/scratch-network.ts';
import { type ServedNetwork, servedNetwork } from './testing/served-network.ts';

const NODE = 'sg-0000000000000000a';
const WEB = 'sg-0000000000000000b';
/** From Debian's containernetworking-plugins. */
const PORTMAP = '/usr/lib/cni/portmap';
const addresses = {
  node: '10.0.0.10',
  plain: '10.0.0.20',
  far: '10.0.2.20',
  web: '10.0.1.20',
  remote: REMOTE,
  internet: INTERNET,
};
type Place = keyof typeof addresses;
const interfaces = [
  anInterface({ addresses: [addresses.plain] }),
  anInterface({
    id: 'eni-web',
    mac: '06:00:00:00:00:02',
    deviceIndex: 1,
    purpose: 'groups',
    groups: [WEB],
    primaryAddress: '10.0.1.5',
    addresses: [addresses.web],
  }),
  // A second interface for plain pods.
  anInterface({
    id: 'eni-far',
    mac: '06:00:00:00:00:03',
    deviceIndex: 2,
    primaryAddress: '10.0.2.5',
    addresses: [addresses.far],
  }),
];
const record = (cidrs: readonly string[], generation: number) =>
  aRecord(
    {
      interfaces,
      vpc: { id: 'vpc-1', cidrs },
      sets: [aSet([WEB], { interfaces: ['eni-web'], pods: ['uid-web'] })],
    },
    generation,
  );

describeAsRoot('packets', () => {
  let served: ServedNetwork;
  let network: ScratchNetwork;
  const results = new Map<string, string>();
  /** As whom `to` sees `from`, and whether it sees it at all. */
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
      record: record(['10.0.0.0/16'], 1),
      securityGroups: [
        aGroup(NODE, [allow('ingress', NODE), allow('egress', '0.0.0.0/0')]),
        aGroup(WEB, [
          allow('egress', '0.0.0.0/0'),
          allow('ingress', NODE, { protocol: 'tcp', port: 80 }),
          allow('ingress', '203.0.113.0/24', { protocol: 'tcp', port: 80 }),
        ]),
      ],
      pods: [{ name: 'plain' }, { name: 'far' }, { name: 'web', groups: WEB }],
      shim: buildShim,
    });
    ({ network } = served);
    await served.start();
    for (const name of ['plain', 'far', 'web'] as const) {
      network.addPod(name);
      const { stdout } = await served.cni('ADD', name);
      expect(stdout).toContain(`${addresses[name]}/32`);
      results.set(name, stdout);
    }
    await Promise.all(
      (['plain', 'far', 'web', 'remote', 'internet'] as const).map((name) => network.serve(name, [80])),
    );
  });
  afterAll(() => served.destroy());

  it('of plain pods leave the VPC as the node, by its first interface; pods with groups are never translated', async () => {
    expect(
      await all(
        ['plain', 'internet'],
        ['far', 'internet'],
        ['web', 'internet'],
        ['plain', 'remote'],
        ['far', 'remote'],
        ['web', 'remote'],
        ['node', 'internet'],
      ),
    ).toEqual([
      'plain → internet:80 as node',
      'far → internet:80 as node',
      'web → internet:80 as web',
      'plain → remote:80 as plain',
      'far → remote:80 as far',
      'web → remote:80 as web',
      'node → internet:80 as node',
    ]);
  });

  it('follow the ranges of the VPC, the exclusions and the external translation, each without a restart', async () => {
    const leave = () => all(['plain', 'internet'], ['far', 'internet'], ['web', 'internet']);
    const themselves = ['plain', 'far', 'web'].map((name) => `${name} → internet:80 as ${name}`);
    const theNode = ['plain', 'far'].map((name) => `${name} → internet:80 as node`);
    const turn = async (change: () => void, expected: readonly string[]): Promise<void> => {
      change();
      await expect.poll(leave, { timeout: 20_000 }).toEqual(expected);
    };
    const back = [...theNode, themselves[2] ?? ''];
    await turn(() => served.records.set(record(['10.0.0.0/16', '203.0.113.0/24'], 2)), themselves);
    await turn(() => served.records.set(record(['10.0.0.0/16'], 3)), back);
    const settings: readonly SettingValues[] = [
      { AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS: '192.168.0.0/16, 203.0.113.0/28' },
      { AWS_VPC_K8S_CNI_EXTERNALSNAT: 'true' },
    ];
    for (const values of settings) {
      await turn(() => served.set(values), themselves);
      await turn(() => served.set({}), back);
    }
  });

  it('are translated without a gap while the ranges change', async () => {
    const churn = { changes: 0, isOver: false };
    const change = async (): Promise<void> => {
      for (; !churn.isOver; churn.changes++) {
        const { changes } = churn;
        served.records.set(record(['10.0.0.0/16', `192.168.${changes % 200}.0/24`], 10 + changes));
        await new Promise((resolve) => setTimeout(resolve, 3));
      }
    };
    const end = change();
    const targets = Array.from({ length: 60 }, () => ({ host: INTERNET, port: 80 }));
    const answers: (string | undefined)[] = [];
    while (churn.changes <= 5)
      answers.push(...(await network.seenAs('plain', targets)), ...(await network.seenAs('far', targets)));
    churn.isOver = true;
    await end;
    expect(new Set(answers)).toEqual(new Set([addresses.node]));
  });

  it('to a NodePort are answered by the interface that they came by, whichever the pod’s is', async () => {
    const dnat = (['plain', 'far', 'web'] as const).flatMap((name, at) => [
      // externalTrafficPolicy: Cluster
      `fib daddr type local tcp dport ${30_080 + at} meta mark set 0x4000 dnat to ${addresses[name]}:80`,
      // and Local
      `fib daddr type local tcp dport ${30_090 + at} dnat to ${addresses[name]}:80`,
    ]);
    network.load(
      'node',
      `table ip services {
        chain prerouting { type nat hook prerouting priority dstnat; ${dnat.join('\n')}\n }
        chain postrouting { type nat hook postrouting priority srcnat; meta mark and 0x4000 == 0x4000 masquerade; }
      }`,
    );
    const ports = [30_080, 30_081, 30_082, 30_090, 30_091, 30_092];
    expect(await all(...ports.map((port) => ['internet', 'node', port] as const))).toEqual([
      'internet → node:30080 as node',
      'internet → node:30081 as node',
      'internet → node:30082 as node',
      'internet → node:30090 as internet',
      'internet → node:30091 as internet',
      // By a rule of its groups that names the client's range.
      'internet → node:30092 as internet',
    ]);
    expect(await all(['remote', 'node', 30_091], ['remote', 'node', 30_092], ['far', 'node', 30_090])).toEqual([
      'remote → node:30091 as remote',
      // No rule names its range, and behind the node's interface nobody can tell its groups.
      'remote → node:30092 closed',
      'far → node:30090 as far',
    ]);
  });

  it('find no port of the node through an interface of pods, but errors and answers do', async () => {
    await network.serve('node', [10_250]);
    // Answers would leave by a wrong interface anyway, so what gets in is counted behind all that judges.
    network.load(
      'node',
      `table inet witness {
        chain in { type filter hook input priority 400; iifname "eth1" ct state new counter
        }
        chain out { type filter hook postrouting priority 400; iifname "eth1" ct status dnat counter
        }
      }`,
    );
    const through = (host: string) =>
      network.probe(
        'remote',
        [10_250, 30_080, 30_082, 30_090, 30_092].map((port) => ({ host, port })),
      );
    expect(await through('10.0.1.5')).toEqual(Array(5).fill('closed'));
    // Nor at a pod's own address, where the service's port is nobody's.
    expect(await through(addresses.web)).toEqual(Array(5).fill('closed'));
    expect((await through(addresses.node))[0]).toBe('open');
    expect(network.run('node', ['nft', 'list', 'table', 'inet', 'witness']).match(/packets \d+/g)).toEqual(
      Array(2).fill('packets 0'),
    );
    // By that very interface the pod itself is reached.
    expect(await network.probe('remote', [{ host: addresses.web, port: 80 }])).toEqual(['open']);
    // An answer to the pod's own connection comes in by that interface, and so does the error that shrinks its packets.
    network.run('router', ['ip', 'link', 'set', 'pinternet', 'mtu', '1400']);
    network.run('internet', ['ip', 'link', 'set', 'eth0', 'mtu', '1400']);
    expect(network.run('web', ['ip', 'route', 'get', INTERNET])).not.toContain('mtu 1400');
    const big = `
      const socket = require('node:dgram').createSocket('udp4');
      socket.send(Buffer.alloc(3000), 9, '${INTERNET}', () => setTimeout(() => socket.close(), 100));`;
    network.run('web', [process.execPath, '-e', big]);
    expect(network.run('web', ['ip', 'route', 'get', INTERNET])).toContain('mtu 1400');
  });

  it('of a pod under the address of another or of the node go nowhere, nor into a connection of theirs', () => {
    const theirs = [addresses.plain, addresses.node];
    network.load(
      'node',
      `table inet spoof {
        chain in { type filter hook prerouting priority raw + 10;
          iifname "brl*" ip saddr { ${theirs.join(', ')} } counter
        }
      }`,
    );
    const send = (name: Place, source: string) =>
      network.run(name, [
        process.execPath,
        '-e',
        `const socket = require('node:dgram').createSocket('udp4');
         socket.bind(5000, '${source}', () => socket.send('x', 9, '${REMOTE}', () => socket.close()));`,
      ]);
    send('plain', addresses.plain);
    for (const address of theirs) {
      network.run('web', ['ip', 'addr', 'add', `${address}/32`, 'dev', 'eth0']);
      send('web', address);
      network.run('web', ['ip', 'addr', 'del', `${address}/32`, 'dev', 'eth0']);
    }
    send('plain', addresses.plain);
    expect(network.run('node', ['nft', 'list', 'table', 'inet', 'spoof'])).toContain('packets 2 ');
  });

  const noPortmap = existsSync(PORTMAP) ? '' : ' (portmap is not installed)';
  it.skipIf(noPortmap !== '')(
    `to a hostPort of the chained portmap are judged as the client’s${noPortmap}`,
    async () => {
      for (const [at, name] of (['plain', 'far', 'web'] as const).entries()) {
        const config = {
          cniVersion: '1.0.0',
          name: 'branchline',
          type: 'portmap',
          runtimeConfig: { portMappings: [{ hostPort: 18_080 + at, containerPort: 80, protocol: 'tcp' }] },
          prevResult: JSON.parse(results.get(name) ?? '') as object,
        };
        const env = {
          CNI_COMMAND: 'ADD',
          CNI_CONTAINERID: `sandbox-${name}`,
          CNI_IFNAME: 'eth0',
          CNI_NETNS: `/run/netns/${network.netns(name)}`,
          CNI_PATH: '/usr/lib/cni',
        };
        network.run('node', [PORTMAP], { input: JSON.stringify(config), env });
      }
      expect(
        await all(
          ['internet', 'node', 18_080],
          ['internet', 'node', 18_081],
          ['internet', 'node', 18_082],
          ['remote', 'node', 18_081],
          ['remote', 'node', 18_082],
          ['node', 'node', 18_082],
          ['far', 'node', 18_082],
        ),
      ).toEqual([
        'internet → node:18080 as internet',
        'internet → node:18081 as internet',
        'internet → node:18082 as internet',
        'remote → node:18081 as remote',
        'remote → node:18082 closed',
        'node → node:18082 as node',
        'far → node:18082 as far',
      ]);
    },
  );
});
