/** What others do to a running node's links, rules, routes and rulesets, and that the agent puts right what is its own. */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { buildShim } from '../../scripts/build-shim.ts';
import { nft } from '../core/names.ts';
import { describeAsRoot } from '../linux/testing/as-root.ts';
import { type Clock, systemClock } from './clock.ts';
import { aGroup, allow, anInterface, aRecord, aSet } from './testing/builders.ts';
import { REMOTE, type ScratchNetwork } from './testing/scratch-network.ts';
import { type ServedNetwork, servedNetwork } from './testing/served-network.ts';

const NODE = 'sg-0000000000000000a';
const WEB = 'sg-0000000000000000b';
const LATE = 'sg-0000000000000000c';
const addresses = { node: '10.0.0.10', plain: '10.0.0.20', web: '10.0.1.20', late: '10.0.2.20', remote: REMOTE };
type Place = keyof typeof addresses;
const pods = ['plain', 'web', 'late'] as const;
const grouped = (name: string, index: number, group: string, address: string) =>
  anInterface({
    id: `eni-${name}`,
    mac: `06:00:00:00:00:1${index}`,
    deviceIndex: index,
    purpose: 'groups',
    groups: [group],
    primaryAddress: `10.0.${index}.5`,
    addresses: [address],
  });
const lateInterface = grouped('late', 2, LATE, addresses.late);
const securityGroups = [
  aGroup(NODE, [allow('ingress', NODE), allow('egress', '0.0.0.0/0')]),
  aGroup(WEB, [allow('egress', `${REMOTE}/32`), allow('ingress', NODE), allow('ingress', `${REMOTE}/32`)]),
  aGroup(LATE, [allow('ingress', NODE)]),
];
const servedPods = [
  { name: 'plain' },
  { name: 'another' },
  { name: 'web', groups: WEB },
  { name: 'late', groups: LATE },
];
const record = aRecord({
  interfaces: [
    anInterface({ addresses: [addresses.plain, '10.0.0.21', '10.0.0.22'] }),
    grouped('web', 1, WEB, addresses.web),
    lateInterface,
  ],
  sets: [
    aSet([WEB], { interfaces: ['eni-web'], pods: ['uid-web'] }),
    aSet([LATE], { interfaces: ['eni-late'], pods: ['uid-late'] }),
  ],
});

/** Others' rules, routes and ruleset, of which not a byte may change. */
const foreignRuleset = `table inet witness {
  set brl { type ipv4_addr; flags interval; elements = { 10.0.0.0/8 }
  }
  chain post { type filter hook postrouting priority 300; policy accept; ip saddr 192.0.2.1 counter drop comment "ours"
  }
}
table ip nat { chain POSTROUTING { type nat hook postrouting priority srcnat; ip saddr 172.31.0.0/16 masquerade
  }
}`;
const foreignRules = [
  ['from', '192.0.2.1', 'lookup', '77', 'pref', '800'],
  ['from', '192.0.2.2', 'lookup', '77', 'pref', '700'],
  ['fwmark', '0x80/0x80', 'lookup', 'main', 'pref', '1024'],
];

type Cell = readonly [Place, Place];
const open = async (network: ScratchNetwork, ...cells: readonly Cell[]): Promise<readonly boolean[]> =>
  Promise.all(
    cells.map(async ([from, to]) => (await network.probe(from, [{ host: addresses[to], port: 80 }]))[0] === 'open'),
  );
/** All that is the agent's, as words in order: sets list their elements in any. */
function ownState(network: ScratchNetwork): string {
  const run = (...command: readonly string[]): string => network.run('node', command);
  return [
    run('nft', 'list', 'tables').includes(` ${nft.table}`) ? run('nft', 'list', 'table', nft.family, nft.table) : '',
    run('ip', 'rule'),
    ...['20000', '20002'].map((table) => run('sh', '-c', `ip route show table ${table} || true`)),
    ...['eth0', 'eth1'].map((link) => run('cat', `/sys/class/net/${link}/flags`)),
  ]
    .join('\n')
    .split(/[\s,]+/)
    .sort()
    .join(' ');
}

describeAsRoot('a running node', () => {
  let served: ServedNetwork;
  let network: ScratchNetwork;
  const run = (...command: readonly string[]): string => network.run('node', command);
  const cells = [
    ['plain', 'web'],
    ['web', 'plain'],
    ['web', 'remote'],
    ['remote', 'web'],
    ['plain', 'remote'],
  ] as const;
  /** The groups let plain pods and the outside reach the web pod, which may only leave to the outside. */
  const asItShould = [true, false, true, true, true];
  const mends = async (): Promise<void> => {
    await expect.poll(() => open(network, ...cells), { timeout: 30_000 }).toEqual(asItShould);
  };
  const foreign = () => ({
    rulesets: [run('nft', 'list', 'table', 'inet', 'witness'), run('nft', 'list', 'table', 'ip', 'nat')],
    rules: run('ip', 'rule')
      .split('\n')
      .filter((line) => /192\.0\.2|0x80/.test(line)),
    routes: run('ip', 'route', 'show', 'table', '77'),
  });
  let before: ReturnType<typeof foreign>;
  const own = () => ownState(network);

  beforeAll(async () => {
    served = await servedNetwork({
      prefix: `brlt-${process.pid}`,
      record,
      unplugged: ['eni-late'],
      securityGroups,
      pods: servedPods,
      // Comparisons that are seconds apart in truth.
      haste: 20,
      shim: buildShim,
    });
    ({ network } = served);
    network.load('node', foreignRuleset);
    for (const rule of foreignRules) run('ip', 'rule', 'add', ...rule);
    run('ip', 'route', 'add', 'blackhole', '198.51.100.0/24', 'table', '77');
    await served.start();
    for (const name of pods) network.addPod(name);
    for (const name of ['plain', 'web']) expect((await served.cni('ADD', name)).code).toBe(0);
    await Promise.all([...pods, 'remote'].map((name) => network.serve(name, [80])));
    before = foreign();
    expect(await open(network, ...cells)).toEqual(asItShould);
  });
  afterAll(() => served.destroy());

  it.each([
    ['its table is deleted', ['nft', 'delete', 'table', nft.family, nft.table]],
    ['a chain is emptied', ['nft', 'flush', 'chain', nft.family, nft.table, 'postrouting']],
    ['a rule is added', ['nft', 'insert', 'rule', nft.family, nft.table, 'judge', 'accept']],
    ['a set is emptied', ['nft', 'flush', 'set', nft.family, nft.table, 'grouped']],
    ['its routes are flushed', ['ip', 'route', 'flush', 'table', '20000']],
    ['an interface’s routes are flushed', ['ip', 'route', 'flush', 'table', '20002']],
    ['an interface is taken down', ['ip', 'link', 'set', 'eth1', 'down']],
    ['a pod’s link is taken down', ['sh', '-c', 'for i in /sys/class/net/brl*; do ip link set ${i##*/} down; done']],
  ])('is as it was again after %s', async (_, command) => {
    const intact = own();
    // The agent runs in this very process, so it sees nothing before the next await.
    run(...command);
    expect(own()).not.toBe(intact);
    await mends();
    await expect.poll(own, { timeout: 30_000 }).toBe(intact);
    expect(foreign()).toEqual(before);
  });

  it('has its rules again after systemd-networkd has taken all that are not its own, and no others', async () => {
    for (const pref of ['700', '750', '800']) {
      const own = run('ip', 'rule')
        .split('\n')
        .filter((line) => line.startsWith(`${pref}:`) && !line.includes('192.0.2'));
      for (const line of own)
        run(
          'ip',
          'rule',
          'del',
          ...line
            .replace(/^\d+:\s*/, '')
            .trim()
            .split(/\s+/),
          'pref',
          pref,
        );
    }
    await mends();
    expect(run('ip', 'rule')).toContain('from all fwmark 0x1000/0x1000 lookup main');
    expect(foreign()).toEqual(before);
  });

  it('judges again when somebody has flushed the whole ruleset', async () => {
    run('nft', 'flush', 'ruleset');
    await mends();
    expect(run('nft', 'list', 'tables').trim()).toBe(`table ${nft.family} ${nft.table}`);
    network.load('node', foreignRuleset);
    expect(foreign()).toEqual(before);
  });

  it('follows a link that udev gives another name', async () => {
    run('ip', 'link', 'set', 'eth1', 'down');
    run('ip', 'link', 'set', 'eth1', 'name', 'ens6');
    await mends();
    const set = (name: string) => run('nft', 'list', 'set', nft.family, nft.table, name);
    expect(set('group_links')).toContain('"ens6"');
    expect(set('group_links')).not.toContain('"eth1"');
    expect(set('delivered')).toContain(`"ens6" . ${addresses.web}`);
    expect(run('cat', '/proc/sys/net/ipv4/conf/ens6/rp_filter').trim()).toBe('2');
  });

  it('gives its interfaces, and pods that start from then on, an MTU that is set while it runs', async () => {
    const mtu = (link: string) => run('cat', `/sys/class/net/${link}/mtu`).trim();
    served.set({ AWS_VPC_ENI_MTU: '8900', POD_MTU: '1400' });
    await expect.poll(() => mtu('ens6'), { timeout: 20_000 }).toBe('8900');
    // The first interface is the machine's to set up.
    expect(mtu('eth0')).toBe('9001');
    expect(network.run('web', ['cat', '/sys/class/net/eth0/mtu']).trim()).toBe('9001');
  });

  it('serves pods by an interface that is attached while they wait', async () => {
    const added = served.cni('ADD', 'late');
    served.plug(lateInterface);
    expect((await added).code).toBe(0);
    expect(await open(network, ['plain', 'late'], ['remote', 'late'], ['late', 'plain'])).toEqual([true, true, false]);
    expect(run('nft', 'list', 'set', nft.family, nft.table, 'group_links')).toContain('"eth2"');
    expect(network.run('late', ['cat', '/sys/class/net/eth0/mtu']).trim()).toBe('1400');
  });
});

/** Time stands still: what the agent does it does because it was told of something, soon, and not since time has passed. */
const standing: Clock = {
  ...systemClock,
  nowMs: () => 0,
  after: (delayMs, action) => (delayMs <= 100 ? systemClock.after(delayMs, action) : () => undefined),
};

describeAsRoot('a node whose agent is told of changes, and never looks by itself', () => {
  let served: ServedNetwork;
  let network: ScratchNetwork;
  let isRefusing = false;
  const run = (...command: readonly string[]): string => network.run('node', command);

  beforeAll(async () => {
    served = await servedNetwork({
      prefix: `brlte-${process.pid}`,
      record,
      unplugged: ['eni-late'],
      securityGroups,
      pods: servedPods,
      clock: standing,
      kernel: (kernel) => ({
        ...kernel,
        nft(netns, ruleset) {
          if (isRefusing) throw new Error('refused');
          kernel.nft(netns, ruleset);
        },
      }),
      shim: buildShim,
    });
    ({ network } = served);
    await served.start();
    for (const name of pods) network.addPod(name);
    for (const name of ['plain', 'web']) expect((await served.cni('ADD', name)).code).toBe(0);
    await Promise.all([...pods, 'remote'].map((name) => network.serve(name, [80])));
  });
  afterAll(() => served.destroy());

  it.each([
    ['the whole ruleset is flushed', 'nft flush ruleset'],
    ['its table is deleted', `nft delete table ${nft.family} ${nft.table}`],
    [
      'its rules are flushed',
      'ip rule flush; ip rule add pref 32766 lookup main; ip rule add pref 32767 lookup default',
    ],
    ['one of its rules is deleted', 'ip rule del pref 750'],
    ['its pods’ routes are flushed', 'ip route flush table 20000'],
    ['a chain is emptied', `nft flush chain ${nft.family} ${nft.table} postrouting`],
    ['a rule is added', `nft insert rule ${nft.family} ${nft.table} judge accept`],
    ['a set is emptied', `nft flush set ${nft.family} ${nft.table} grouped`],
    ['its whole table is flushed', `nft flush table ${nft.family} ${nft.table}`],
    [
      'a rule is added beside many of another table',
      `nft 'table inet another { ${'chain a { ip saddr 192.0.2.1 counter drop; }; '.repeat(300)} }; insert rule ${nft.family} ${nft.table} judge accept'; nft delete table inet another`,
    ],
    ['a pod’s route is replaced', 'ip route replace blackhole 10.0.1.20 table 20000'],
    ['a pod’s link is taken down', 'for i in /sys/class/net/brl*; do ip link set ${i##*/} down; done'],
    ['an interface’s route is deleted', 'ip route del default table 20002'],
    ['an interface’s address is deleted', 'ip addr del 10.0.1.5/32 dev eth1'],
    ['an interface is taken down', 'ip link set eth1 down'],
    ['an interface goes down and comes up without its routes', 'ip link set eth1 down; ip link set eth1 up'],
  ])('repairs at once when %s', async (_, command) => {
    const all = (): string => ownState(network) + run('ip', '-4', 'addr', 'show', 'dev', 'eth1');
    const intact = all();
    run('sh', '-c', command);
    expect(all()).not.toBe(intact);
    await expect.poll(all, { timeout: 30_000 }).toBe(intact);
  });

  it('lets nobody through to pods with groups while there is no table and the kernel takes none, and adds no pod', async () => {
    const cells: readonly Cell[] = [
      ['plain', 'web'],
      ['remote', 'web'],
      ['web', 'remote'],
      ['plain', 'remote'],
      ['remote', 'plain'],
    ];
    isRefusing = true;
    run('nft', 'delete', 'table', nft.family, nft.table);
    await expect.poll(() => open(network, ...cells), { timeout: 30_000 }).toEqual([false, false, false, true, true]);
    network.addPod('another');
    const refused = await served.cni('ADD', 'another');
    expect([refused.code, refused.stdout]).toEqual([1, expect.stringContaining('no judgement is in force')]);
    isRefusing = false;
    // It tries again after a second, which here does not pass, and at every change of the world.
    served.securityGroups.set(...securityGroups);
    expect((await served.cni('ADD', 'another')).code).toBe(0);
    await expect
      .poll(() => open(network, ['remote', 'web'], ['web', 'remote']), { timeout: 30_000 })
      .toEqual([true, true]);
  });

  it('serves by an interface as soon as its link has come, and under its new name when it is renamed', async () => {
    const added = served.cni('ADD', 'late');
    served.plug(lateInterface);
    expect((await added).code).toBe(0);
    const links = (): string => run('nft', 'list', 'set', nft.family, nft.table, 'group_links');
    expect(links()).toContain('"eth2"');
    run('sh', '-c', 'ip link set eth2 down; ip link set eth2 name ens7; ip link set ens7 up');
    await expect.poll(links, { timeout: 30_000 }).toContain('"ens7"');
    await expect
      .poll(() => open(network, ['remote', 'late'], ['plain', 'late']), { timeout: 30_000 })
      .toEqual([true, true]);
  });
});
