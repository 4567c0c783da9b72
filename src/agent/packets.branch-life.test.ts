/**
 * What a node has of its branches from the record that brings one until nothing needs it any more: devices, routes and
 * rules as `ip` shows them, and packets by a router that speaks the same VLANs.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { buildShim } from '../../scripts/build-shim.ts';
import { nft } from '../core/names.ts';
import type { BranchRecord, NodeNetworkSpec } from '../core/records/node-network.ts';
import { isRoot } from '../linux/testing/as-root.ts';
import { mayLoadPrograms } from '../linux/testing/may-load-programs.ts';
import { aBranch, aGroup, allow, anInterface, aRecord, aSet, aTrunk } from './testing/builders.ts';
import { kernelIn } from './testing/kernel-in.ts';
import { REMOTE, type ScratchNetwork } from './testing/scratch-network.ts';
import { type ServedNetwork, servedNetwork } from './testing/served-network.ts';

const NODE = 'sg-0000000000000000a';
const WEB = 'sg-0000000000000000b';
const trunk = aTrunk({ deviceIndex: 1 });
const web = aBranch();
const second = aBranch({
  pod: 'uid-second',
  id: 'eni-second',
  mac: '06:00:00:00:01:08',
  vlan: 8,
  address: '10.0.3.21',
});
/** Another pod's, with the VLAN id that the first had. */
const heir = { ...second, pod: 'uid-heir', id: 'eni-heir', mac: '06:00:00:00:01:09', vlan: 7, address: '10.0.3.22' };
const spec = (...branches: readonly BranchRecord[]): Partial<NodeNetworkSpec> => ({
  interfaces: [anInterface(), trunk],
  sets: [aSet([WEB], { pods: branches.map(({ pod }) => pod) })],
  branches,
});
const addresses = {
  node: '10.0.0.10',
  plain: '10.0.0.20',
  web: web.address,
  second: second.address,
  heir: heir.address,
  remote: REMOTE,
};
type Place = keyof typeof addresses;

const fit = isRoot && mayLoadPrograms();
const reason = fit ? '' : ' (only root of the machine can load the programs of the router’s VLANs)';

describe.skipIf(!fit)(`a node with branches${reason}`, () => {
  let served: ServedNetwork;
  let network: ScratchNetwork;
  let generation = 1;
  const run = (...command: readonly string[]): string => network.run('node', command);
  const open = async (...cells: readonly (readonly [Place, Place])[]): Promise<readonly boolean[]> =>
    Promise.all(
      cells.map(async ([from, to]) => (await network.probe(from, [{ host: addresses[to], port: 80 }]))[0] === 'open'),
    );
  const tell = (...branches: readonly BranchRecord[]): void =>
    served.records.set(aRecord(spec(...branches), ++generation));
  /** Device, MAC, routes and rules of each branch that the node has anything of. */
  const has = (): readonly string[] => {
    const lines = (text: string): readonly string[] => text.split('\n').map((line) => line.trim());
    const vlans = lines(run('ip', '-o', 'link')).flatMap((line) => /^\d+: (brv\d+)/.exec(line)?.[1] ?? []);
    return [
      ...vlans.map((link) => `${link} ${run('cat', `/sys/class/net/${link}/address`).trim()}`),
      ...lines(run('ip', 'route', 'show', 'table', 'all')).flatMap((line) => {
        const [, route = '', table] = /^(.*) dev brv\d+ table (\d+)/.exec(line) ?? [];
        return table === undefined ? [] : [`${table}: ${route}`];
      }),
      ...lines(run('ip', 'rule')).flatMap((line) => /^800:.*lookup 30\d\d\d/.exec(line)?.[0] ?? []),
    ].sort();
  };
  const whole = ({ vlan, mac, address }: BranchRecord): readonly string[] => [
    `${30000 + vlan}: 10.0.0.1`,
    `${30000 + vlan}: default via 10.0.0.1`,
    `800:	from ${address} lookup ${30000 + vlan}`,
    `brv${vlan} ${mac}`,
  ];
  const expectToHave = async (...branches: readonly BranchRecord[]): Promise<void> =>
    expect.poll(has, { timeout: 20_000 }).toEqual(branches.flatMap(whole).sort());
  const set = (name: string): string => run('nft', 'list', 'set', nft.family, nft.table, name);
  /** The VPC's side: a branch's packets come and go tagged. */
  const carry = ({ vlan, mac, address }: BranchRecord): void => {
    const kernel = kernelIn(network.netns('router'));
    kernel.apply(kernel.self(), [
      { op: 'delete-vlan', name: `v${vlan}`, trunk: 'p1', id: vlan },
      { op: 'add-vlan', name: `v${vlan}`, trunk: 'p1', id: vlan, up: true },
    ]);
    for (const args of [
      ['route', 'replace', address, 'dev', `v${vlan}`],
      ['neigh', 'replace', address, 'lladdr', mac, 'dev', `v${vlan}`, 'nud', 'permanent'],
    ])
      network.run('router', ['ip', ...args]);
    network.run('router', ['sysctl', '-qw', `net.ipv4.conf.v${vlan}.rp_filter=0`]);
  };

  const add = async (pod: string): Promise<void> => {
    const { code, stdout } = await served.cni('ADD', pod);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining(addresses[pod as Place]) });
  };
  const del = async (pod: string): Promise<void> => {
    expect(await served.cni('DEL', pod)).toEqual({ code: 0, stdout: '' });
  };

  beforeAll(async () => {
    served = await servedNetwork({
      prefix: `brlt-${process.pid}`,
      record: aRecord(spec(web, second)),
      securityGroups: [
        aGroup(NODE, [allow('ingress', NODE), allow('egress', '0.0.0.0/0')]),
        aGroup(WEB, [allow('egress', '0.0.0.0/0'), allow('ingress', `${REMOTE}/32`), allow('ingress', WEB)]),
      ],
      pods: [{ name: 'plain' }, ...['web', 'second', 'heir'].map((name) => ({ name, groups: WEB }))],
      shim: buildShim,
    });
    ({ network } = served);
    for (const branch of [web, second]) carry(branch);
    await served.start();
    for (const name of ['plain', 'web', 'second', 'heir']) network.addPod(name);
    await Promise.all(
      ['plain', 'web', 'second', 'heir', 'node', 'remote'].map(async (name) => network.serve(name, [80])),
    );
    await add('plain');
  });
  afterAll(() => served?.destroy());

  beforeEach(() => tell(web, second));
  afterEach(async () => {
    for (const pod of ['web', 'second', 'heir']) await del(pod);
  });

  it('has all of them before their pods come, and a pod’s coming and going touches nothing of it', async () => {
    await expectToHave(web, second);
    await add('web');
    await expectToHave(web, second);
    expect(await open(['web', 'remote'], ['remote', 'web'], ['web', 'plain'], ['plain', 'web'])).toEqual([
      true,
      true,
      false,
      false,
    ]);
    await del('web');
    await expectToHave(web, second);
    expect(set('grouped')).not.toContain(web.address);
    expect(await open(['remote', 'web'])).toEqual([false]);
  });

  it('gives a pod’s next sandbox the same address at once', async () => {
    for (let sandbox = 0; sandbox < 3; sandbox++) {
      await add('web');
      expect(await open(['remote', 'web'])).toEqual([true]);
      await del('web');
    }
  });

  it('lets nothing in by a branch but to its own pod, and nothing by the trunk untagged', async () => {
    await add('web');
    await add('second');
    const cells = [
      ['remote', 'node'],
      ['remote', 'plain'],
      ['remote', 'second'],
    ] as const;
    const lead = (places: readonly Place[], port: string, mac: string): void => {
      for (const address of places.map((place) => addresses[place])) {
        network.run('router', ['ip', 'route', 'replace', address, 'dev', port]);
        network.run('router', ['ip', 'neigh', 'replace', address, 'lladdr', mac, 'dev', port, 'nud', 'permanent']);
      }
    };
    expect(await open(...cells)).toEqual([true, true, true]);
    lead(['node', 'plain', 'second'], 'v7', web.mac);
    expect(await open(...cells, ['remote', 'web'])).toEqual([false, false, false, true]);
    lead(['node', 'plain', 'second'], 'p1', trunk.mac);
    expect(await open(...cells)).toEqual([false, false, false]);
    lead(['node', 'plain'], 'p0', anInterface().mac);
    carry(second);
    expect(await open(...cells)).toEqual([true, true, true]);
  });

  it.each([
    ['its device is deleted', 'ip link del brv7'],
    ['its device is taken down', 'ip link set brv7 down'],
    ['its device is given another MAC', 'ip link set brv7 address 06:00:00:00:02:02'],
    ['its routes are flushed', 'ip route flush table 30007'],
    ['its rule is deleted', `ip rule del pref 800 from ${web.address}`],
    ['all devices are deleted', 'ip link del brv7; ip link del brv8'],
  ])('makes a branch whole again when %s', async (_, command) => {
    await add('web');
    await expectToHave(web, second);
    run('sh', '-c', command);
    await expectToHave(web, second);
    await expect
      .poll(async () => open(['remote', 'web'], ['web', 'remote']), { timeout: 20_000 })
      .toEqual([true, true]);
  });

  it('keeps a branch that the record knows no more until its pod is gone, also over a restart', async () => {
    await add('web');
    tell();
    await expectToHave(web);
    await served.stop();
    run('ip', 'link', 'del', 'brv7');
    await served.start();
    await expectToHave(web);
    expect(await open(['remote', 'web'], ['web', 'remote'], ['web', 'plain'])).toEqual([true, true, false]);
    expect(set('group_links')).toContain('"brv7"');
    await del('web');
    await expectToHave();
    expect(set('group_links')).not.toContain('brv7');
    expect(run('ip', '-o', 'link')).not.toContain('brlvlan');
  });

  it('gives a VLAN id to its next branch only when no pod holds it, as a device of its own', async () => {
    await add('web');
    tell(web, heir);
    tell(heir);
    const waiting = served.cni('ADD', 'heir');
    await expectToHave(web);
    expect(await open(['remote', 'web'])).toEqual([true]);
    await del('web');
    expect((await waiting).code).toBe(0);
    carry(heir);
    await expectToHave(heir);
    expect(await open(['remote', 'heir'], ['heir', 'remote'], ['remote', 'web'])).toEqual([true, true, false]);
    carry(web);
  });

  it('makes anew what a predecessor did not finish, and takes away what is nobody’s', async () => {
    await expectToHave(web, second);
    await served.stop();
    const kernel = kernelIn(network.netns('node'));
    kernel.apply(kernel.self(), [
      { op: 'delete-vlan', name: 'brv7', trunk: 'eth1', id: 7 },
      { op: 'add-veth', name: 'brv7', peer: { name: 'half' } },
      { op: 'add-vlan', name: 'brv9', trunk: 'eth1', id: 9, up: true },
    ]);
    await served.start();
    await expectToHave(web, second);
    await add('web');
    expect(await open(['remote', 'web'], ['web', 'remote'])).toEqual([true, true]);
  });
});
