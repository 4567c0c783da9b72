/** A branch in an IPv6 cluster: neighbour discovery goes tagged, too, and the address is the pod's and not the node's. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { buildShim } from '../../scripts/build-shim.ts';
import { isRoot } from '../linux/testing/as-root.ts';
import { mayLoadPrograms } from '../linux/testing/may-load-programs.ts';
import { aBranch, aGroup, allow, anInterface, aRecord, aSet, aTrunk } from './testing/builders.ts';
import { kernelIn } from './testing/kernel-in.ts';
import { REMOTE6, type ScratchNetwork } from './testing/scratch-network.ts';
import { type ServedNetwork, servedNetwork } from './testing/served-network.ts';

const NODE = 'sg-0000000000000000a';
const WEB = 'sg-0000000000000000b';
const common = { subnet: '2001:db8::/64', gateway: 'fe80:ec2::1' };
const addresses = { node: '2001:db8::10', plain: '2001:db8::20', web: '2001:db8::30', remote: REMOTE6 };
type Place = keyof typeof addresses;
const web = aBranch({ ...common, address: addresses.web });

const fit = isRoot && mayLoadPrograms();
const reason = fit ? '' : ' (only root of the machine can load the programs of the router’s VLANs)';

describe.skipIf(!fit)(`packets of a pod with a branch in an IPv6 cluster${reason}`, () => {
  let served: ServedNetwork;
  let network: ScratchNetwork;
  const open = async (from: Place, to: Place): Promise<boolean> =>
    (await network.probe(from, [{ host: addresses[to], port: 80 }]))[0] === 'open';

  beforeAll(async () => {
    served = await servedNetwork({
      prefix: `brlt-${process.pid}`,
      record: aRecord({
        interfaces: [
          anInterface({ ...common, primaryAddress: addresses.node, addresses: [addresses.plain] }),
          aTrunk({ ...common, deviceIndex: 1, primaryAddress: '2001:db8::5' }),
        ],
        vpc: { id: 'vpc-1', cidrs: ['10.0.0.0/16', '2001:db8::/56'] },
        sets: [aSet([WEB], { pods: ['uid-web'] })],
        branches: [web],
      }),
      securityGroups: [
        aGroup(NODE, [allow('ingress', NODE), allow('egress', '::/0')]),
        aGroup(WEB, [
          allow('egress', '::/0'),
          allow('ingress', `${REMOTE6}/128`),
          allow('ingress', NODE, { protocol: 'tcp', port: 443 }),
        ]),
      ],
      pods: [{ name: 'plain' }, { name: 'web', groups: WEB }],
      shim: buildShim,
    });
    ({ network } = served);
    const kernel = kernelIn(network.netns('router'));
    kernel.apply(kernel.self(), [{ op: 'add-vlan', name: 'v7', trunk: 'p1', id: 7, up: true }]);
    for (const args of [
      ['addr', 'add', 'fe80:ec2::1/64', 'dev', 'v7', 'nodad'],
      ['route', 'add', addresses.web, 'dev', 'v7'],
      ['neigh', 'replace', addresses.web, 'lladdr', web.mac, 'dev', 'v7', 'nud', 'permanent'],
    ])
      network.run('router', ['ip', ...args]);
    await served.start();
    for (const name of ['plain', 'web'] as const) {
      network.addPod(name);
      const { code, stdout } = await served.cni('ADD', name);
      expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining(`${addresses[name]}/128`) });
    }
    await Promise.all(['plain', 'web', 'remote', 'node'].map((name) => network.serve(name, [80])));
  });
  afterAll(() => served?.destroy());

  it('pass by its device where EC2 judges them, and are judged where it does not', async () => {
    await expect.poll(() => open('web', 'remote'), { timeout: 20_000 }).toBe(true);
    expect(await open('remote', 'web')).toBe(true);
    expect(await open('plain', 'web')).toBe(false);
    expect(await open('web', 'plain')).toBe(false);
    expect(await open('plain', 'remote')).toBe(true);
  });

  it('are all that comes by its device', async () => {
    expect(network.run('node', ['ip', '-6', 'addr', 'show', 'dev', 'brv7', 'scope', 'global'])).toBe('');
    expect(await open('remote', 'node')).toBe(true);
    for (const args of [
      ['route', 'replace', addresses.node, 'dev', 'v7'],
      ['neigh', 'replace', addresses.node, 'lladdr', web.mac, 'dev', 'v7', 'nud', 'permanent'],
    ])
      network.run('router', ['ip', ...args]);
    expect(await open('remote', 'node')).toBe(false);
  });
});
