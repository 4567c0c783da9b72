/** Branch interfaces on a trunk, as an agent of the instance would use them, with real packets. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ip } from '../../core/address/ip.ts';
import { mac } from '../../core/address/mac.ts';
import { prefix4 } from '../../core/address/prefix.ts';
import { isRoot } from '../../linux/testing/as-root.ts';
import { mayLoadPrograms } from '../../linux/testing/may-load-programs.ts';
import { fabricLink } from './names.ts';
import type { FabricInterface } from './port.ts';
import { aGroup, allow, anInterface, aWorld } from './testing/builders.ts';
import { scratchVpc } from './testing/scratch-vpc.ts';

const vpc = scratchVpc('b');
const node = anInterface({ netns: vpc.netns('node'), groups: ['sg-node'] });
const trunk = anInterface({
  id: 'eni-trunk',
  mac: '06:00:00:00:00:1a',
  netns: vpc.netns('node'),
  deviceIndex: 1,
  addresses: ['10.0.0.11'],
  groups: ['sg-node'],
});
const branch = (vlan: number, ...groups: readonly string[]): FabricInterface => ({
  ...anInterface({
    id: `eni-branch-${vlan}`,
    mac: `06:00:00:00:00:b${vlan}`,
    netns: vpc.netns('node'),
    deviceIndex: 1,
    addresses: [`10.0.0.10${vlan}`],
    groups,
  }),
  trunk: { interface: 'eni-trunk', vlan },
});
const server = anInterface({
  id: 'eni-server',
  mac: '06:00:00:00:00:0b',
  netns: vpc.netns('server'),
  addresses: ['10.0.0.20'],
  groups: ['sg-server'],
});
const out = allow('egress', 'all', '0.0.0.0/0');
const world = aWorld({
  interfaces: [branch(1, 'sg-web'), branch(2, 'sg-other'), node, trunk, server],
  groups: [
    ...['sg-node', 'sg-other'].map((id) => aGroup(id, [out])),
    aGroup('sg-web', [out, allow('ingress', 'tcp 80', 'sg-server')]),
    aGroup('sg-server', [out, allow('ingress', 'tcp 80', 'sg-web')]),
  ],
});

/** What an agent does for a pod: a VLAN device, the address, and a way out of its own. */
function configure(vlan: number): void {
  const netns = vpc.kernel.openNetns(`/run/netns/${vpc.netns('node')}`);
  const link = `vlan.eth.${vlan}`;
  const address = ip(`10.0.0.10${vlan}`);
  const [gateway, table] = [ip('10.0.0.1'), 100 + vlan];
  const everywhere = prefix4('0.0.0.0/0');
  vpc.kernel.apply(netns, [
    { op: 'set-link', link: 'eth1', up: true },
    { op: 'add-vlan', name: link, trunk: 'eth1', id: vlan, mac: mac(`06:00:00:00:00:b${vlan}`), up: true },
    { op: 'replace-address', link, address, length: 32 },
    { op: 'replace-route', destination: everywhere, link, gateway, onlink: true, table },
    { op: 'add-rule', priority: 1000, from: prefix4(`10.0.0.10${vlan}/32`), table },
  ]);
  netns.close();
}

const fit = isRoot && mayLoadPrograms();
const reason = fit ? '' : ' (only root of the machine can load the programs of its VLANs)';
describe.skipIf(!fit)(`a branch interface${reason}`, () => {
  beforeAll(async () => {
    await vpc.add('node', '10.0.0.10', '10.0.0.101', '10.0.0.102');
    await vpc.add('server', '10.0.0.20');
    vpc.sync(world);
    configure(1);
    configure(2);
  });
  afterAll(() => vpc.destroy());

  it('has groups of its own', async () => {
    const open = ['node@10.0.0.101 → server tcp 80', 'server → node@10.0.0.101 tcp 80'];
    const closed = [
      'node → server tcp 80',
      'node@10.0.0.102 → server tcp 80',
      'server → node@10.0.0.102 tcp 80',
      'server → node@10.0.0.101 tcp 81',
    ];
    expect(await vpc.wrong({ open, closed })).toEqual([]);
  });

  it('cannot speak for another branch, nor untagged', async () => {
    vpc.instances.ip(
      vpc.netns('node'),
      'route',
      'replace',
      'default',
      'via',
      '10.0.0.1',
      'dev',
      'vlan.eth.2',
      'onlink',
      'table',
      '101',
    );
    expect(await vpc.wrong({ closed: ['node@10.0.0.101 → server tcp 80'] })).toEqual([]);
    vpc.instances.ip(
      vpc.netns('node'),
      'route',
      'replace',
      'default',
      'via',
      '10.0.0.1',
      'dev',
      'eth1',
      'onlink',
      'table',
      '101',
    );
    expect(await vpc.wrong({ closed: ['node@10.0.0.101 → server tcp 80'] })).toEqual([]);
    vpc.instances.ip(
      vpc.netns('node'),
      'route',
      'replace',
      'default',
      'via',
      '10.0.0.1',
      'dev',
      'vlan.eth.1',
      'onlink',
      'table',
      '101',
    );
    expect(await vpc.wrong({ open: ['node@10.0.0.101 → server tcp 80'] })).toEqual([]);
  });

  it('goes and comes without its trunk, and with it', async () => {
    vpc.sync({ ...world, interfaces: world.interfaces.filter(({ id }) => id !== 'eni-branch-1') });
    expect(await vpc.wrong({ closed: ['node@10.0.0.101 → server tcp 80'] })).toEqual([]);
    vpc.sync(world);
    expect(await vpc.wrong({ open: ['node@10.0.0.101 → server tcp 80'] })).toEqual([]);
    vpc.sync({ ...world, interfaces: [node, server] });
    expect(vpc.instances.ip(vpc.netns('fabric'), 'link')).not.toContain(fabricLink('eni-branch-2'));
  });
});
