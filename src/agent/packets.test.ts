/** The whole node with real packets: pods by ADD through the real plugin and agent, records written by hand. */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { buildShim } from '../../scripts/build-shim.ts';
import type { SecurityGroupRecord } from '../core/records/security-group.ts';
import { describeAsRoot } from '../linux/testing/as-root.ts';
import { aGroup, allow, anInterface, aRecord, aSet } from './testing/builders.ts';
import { REMOTE, type ScratchNetwork } from './testing/scratch-network.ts';
import { type ServedNetwork, servedNetwork } from './testing/served-network.ts';

const NODE = 'sg-0000000000000000a';
const WEB = 'sg-0000000000000000b';
const DB = 'sg-0000000000000000c';
const nodeInterface = anInterface();
const webInterface = anInterface({
  id: 'eni-web',
  mac: '06:00:00:00:00:02',
  deviceIndex: 1,
  purpose: 'groups',
  groups: [WEB],
  primaryAddress: '10.0.1.5',
  addresses: ['10.0.1.20'],
});
const dbInterface = anInterface({
  id: 'eni-db',
  mac: '06:00:00:00:00:03',
  deviceIndex: 2,
  purpose: 'groups',
  groups: [DB],
  primaryAddress: '10.0.2.5',
  addresses: ['10.0.2.20'],
});
const interfaces = [nodeInterface, webInterface, dbInterface];
const record = aRecord({
  interfaces,
  sets: [
    aSet([WEB], { interfaces: ['eni-web'], pods: ['uid-web'] }),
    aSet([DB], { interfaces: ['eni-db'], pods: ['uid-db'] }),
  ],
});
const nodeGroup = aGroup(NODE, [allow('ingress', NODE), allow('egress', '0.0.0.0/0')]);
const webGroup = aGroup(WEB, [allow('egress', '0.0.0.0/0'), allow('ingress', NODE, { protocol: 'tcp', port: 80 })], {
  nameTag: 'sg-web',
});
const dbGroup = (...ports: readonly number[]): SecurityGroupRecord =>
  aGroup(
    DB,
    ports.map((port) => allow('ingress', WEB, { protocol: 'tcp', port })),
  );
const addresses = {
  node: '10.0.0.10',
  plain: '10.0.0.20',
  other: '10.0.0.21',
  web: '10.0.1.20',
  db: '10.0.2.20',
  remote: REMOTE,
};
type Place = keyof typeof addresses;

describeAsRoot('packets between pods of one node', () => {
  let served: ServedNetwork;
  let network: ScratchNetwork;

  /** `from → to:port` for each cell, and what came of it. */
  const observe = async (...cells: readonly (readonly [Place, Place, number])[]): Promise<readonly string[]> =>
    Promise.all(
      cells.map(async ([from, to, port]) => {
        const [answer] = await network.probe(from, [{ host: addresses[to], port }]);
        return `${from} → ${to}:${port} ${answer}`;
      }),
    );

  beforeAll(async () => {
    served = await servedNetwork({
      prefix: `brlt-${process.pid}`,
      record,
      securityGroups: [nodeGroup, webGroup, dbGroup(5432)],
      pods: [{ name: 'plain' }, { name: 'other' }, { name: 'web', groups: 'sg-web' }, { name: 'db', groups: DB }],
      shim: buildShim,
    });
    ({ network } = served);
    await served.start();
    for (const name of ['plain', 'other', 'web', 'db'] as const) {
      network.addPod(name);
      const { code, stdout } = await served.cni('ADD', name);
      expect(stdout).toContain(`${addresses[name]}/32`);
      expect(code).toBe(0);
      await network.serve(name, [80, 5432, 8080]);
    }
    await network.serve('node', [10_250]);
    await network.serve('remote', [80]);
  });
  afterAll(() => served.destroy());

  it('pass and drop as the groups of both ends say', async () => {
    expect(
      await observe(
        ['web', 'db', 5432],
        ['web', 'db', 80],
        ['db', 'web', 80],
        ['plain', 'web', 80],
        ['plain', 'web', 5432],
        ['plain', 'db', 5432],
        ['web', 'plain', 80],
        ['db', 'plain', 80],
        ['plain', 'other', 80],
      ),
    ).toEqual([
      'web → db:5432 open',
      'web → db:80 closed',
      'db → web:80 closed',
      'plain → web:80 open',
      'plain → web:5432 closed',
      'plain → db:5432 closed',
      'web → plain:80 closed',
      'db → plain:80 closed',
      'plain → other:80 open',
    ]);
  });

  it('to and from the node are judged as the node’s groups say, its probes excepted', async () => {
    expect(
      await observe(
        ['node', 'web', 80],
        ['node', 'web', 5432],
        ['node', 'db', 8080],
        ['plain', 'db', 8080],
        ['web', 'node', 10_250],
        ['plain', 'node', 10_250],
      ),
    ).toEqual([
      'node → web:80 open',
      'node → web:5432 closed',
      'node → db:8080 open',
      'plain → db:8080 closed',
      'web → node:10250 closed',
      'plain → node:10250 open',
    ]);
  });

  it('from outside pass by the pod’s own interface, where EC2 judges, which is no way to the node', async () => {
    expect(
      await observe(
        ['remote', 'web', 5432],
        ['web', 'remote', 80],
        ['plain', 'remote', 80],
        ['remote', 'plain', 80],
        ['remote', 'node', 10_250],
      ),
    ).toEqual([
      'remote → web:5432 open',
      'web → remote:80 open',
      'plain → remote:80 open',
      'remote → plain:80 open',
      'remote → node:10250 open',
    ]);
    expect(await network.probe('remote', [{ host: webInterface.primaryAddress, port: 10_250 }])).toEqual(['closed']);
  });

  it('through a NodePort are judged as who they come from, before and behind the masquerade', async () => {
    network.load(
      'node',
      `table ip services {
        chain prerouting {
          type nat hook prerouting priority dstnat;
          fib daddr type local tcp dport 30080 meta mark set 0x4000 dnat to ${addresses.plain}:80
          fib daddr type local tcp dport 30081 meta mark set 0x4000 dnat to ${addresses.web}:80
          fib daddr type local tcp dport 30082 dnat to ${addresses.web}:80
          fib daddr type local tcp dport 30083 meta mark set 0x4000 dnat to ${addresses.db}:8080
        }
        chain postrouting { type nat hook postrouting priority srcnat; meta mark 0x4000 masquerade; }
      }`,
    );
    expect(
      await observe(
        // Its groups let nothing out, and its own node must not be the way around them.
        ['db', 'node', 30_080],
        ['other', 'node', 30_080],
        ['remote', 'node', 30_080],
        ['remote', 'node', 30_081],
        ['remote', 'node', 30_082],
        // A probe port is open to the node's own processes, not to whom it translates.
        ['remote', 'node', 30_083],
      ),
    ).toEqual([
      'db → node:30080 closed',
      'other → node:30080 open',
      'remote → node:30080 open',
      'remote → node:30081 open',
      'remote → node:30082 closed',
      'remote → node:30083 closed',
    ]);
    expect(await network.probe('remote', [{ host: webInterface.primaryAddress, port: 30_080 }])).toEqual(['closed']);
  });

  it('follow a rule that is taken away and given back, also over a restart of the agent', async () => {
    served.securityGroups.set(nodeGroup, webGroup, dbGroup());
    await expect.poll(() => observe(['web', 'db', 5432]), { timeout: 20_000 }).toEqual(['web → db:5432 closed']);
    await served.stop();
    expect(await observe(['web', 'db', 5432], ['plain', 'web', 80])).toEqual([
      'web → db:5432 closed',
      'plain → web:80 open',
    ]);
    served.securityGroups.set(nodeGroup, webGroup, dbGroup(5432));
    await served.start();
    expect(await observe(['web', 'db', 5432], ['plain', 'web', 80], ['plain', 'db', 5432])).toEqual([
      'web → db:5432 open',
      'plain → web:80 open',
      'plain → db:5432 closed',
    ]);
  });

  it('end with DEL, before the namespace is gone', async () => {
    expect(await served.cni('DEL', 'other')).toEqual({ code: 0, stdout: '' });
    expect(await observe(['plain', 'other', 80], ['plain', 'web', 80])).toEqual([
      'plain → other:80 closed',
      'plain → web:80 open',
    ]);
  });
});
