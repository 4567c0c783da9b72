/** The whole node with real packets: pods by ADD through the real plugin and agent, records written by hand. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { buildShim } from '../../scripts/build-shim.ts';
import { SECURITY_GROUPS_ANNOTATION } from '../core/names.ts';
import type { NodeNetwork } from '../core/records/node-network.ts';
import type { SecurityGroupRecord } from '../core/records/security-group.ts';
import { type Agent, startAgent } from './agent.ts';
import { systemClock } from './clock.ts';
import { silentLog } from './log.ts';
import { aGroup, allow, anInterface, aRecord, aSet } from './testing/builders.ts';

import { informerDouble } from './testing/doubles.ts';
import { kernelIn } from './testing/kernel-in.ts';
import { REMOTE, type ScratchNetwork, scratchNetwork } from './testing/scratch-network.ts';
import { type PodView, type ServiceAccountView, viewPod } from './world/pod-view.ts';
import type { ConfigMapView } from './world/world.ts';

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
const groupsOf: Readonly<Record<string, string>> = { web: 'sg-web', db: DB };
const addresses = {
  node: '10.0.0.10',
  plain: '10.0.0.20',
  other: '10.0.0.21',
  web: '10.0.1.20',
  db: '10.0.2.20',
  remote: REMOTE,
};
type Place = keyof typeof addresses;

describe('packets between pods of one node', () => {
  const folder = mkdtempSync(join(tmpdir(), 'brl-packets-'));
  const pods = informerDouble<PodView>();
  const records = informerDouble<NodeNetwork>();
  const securityGroups = informerDouble<SecurityGroupRecord>();
  const configMap = informerDouble<ConfigMapView>();
  const serviceAccounts = informerDouble<ServiceAccountView>();
  let network: ScratchNetwork;
  let agent: Agent | undefined;

  const shim = (command: string, pod: string): Promise<{ code: number | null; stdout: string }> => {
    const child = spawn(join(folder, 'shim'), {
      env: {
        CNI_COMMAND: command,
        CNI_CONTAINERID: `sandbox-${pod}`,
        CNI_IFNAME: 'eth0',
        CNI_NETNS: `/run/netns/${network.netns(pod)}`,
        CNI_ARGS: `K8S_POD_NAMESPACE=default;K8S_POD_NAME=${pod};K8S_POD_UID=uid-${pod}`,
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.end('{"cniVersion":"1.0.0","name":"branchline","type":"branchline-cni"}');
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout })));
  };
  /** `from → to:port` for each cell, and what came of it. */
  const observe = async (...cells: readonly (readonly [Place, Place, number])[]): Promise<readonly string[]> =>
    Promise.all(
      cells.map(async ([from, to, port]) => {
        const [answer] = await network.probe(from, [{ host: addresses[to], port }]);
        return `${from} → ${to}:${port} ${answer}`;
      }),
    );

  const start = async (): Promise<Agent> => {
    agent = await startAgent({
      kernel: kernelIn(network.netns('node')),
      startInformers: () => ({ pods, serviceAccounts, records, securityGroups, configMaps: [configMap] }),
      writeStatus: async () => undefined,
      environment: {},
      bootId: 'boot',
      runDir: folder,
      stateDir: join(folder, 'state'),
      peerUid: () => 0,
      clock: systemClock,
      log: silentLog,
      observe: () => undefined,
      onReady: () => undefined,
    });
    return agent;
  };

  beforeAll(async () => {
    const prefix = `brlt-${process.pid}`;
    network = scratchNetwork(
      prefix,
      interfaces.map(({ mac, primaryAddress, addresses: own }, at) => ({
        name: `eth${at}`,
        mac,
        primary: primaryAddress,
        addresses: own,
      })),
    );
    await buildShim(join(folder, 'shim'), { defines: { RUN_DIR: `"${folder}"` } });
    serviceAccounts.set();
    configMap.set({ metadata: { name: 'aws-vpc-cni' }, data: { ENABLE_POD_ENI: 'true' } });
    securityGroups.set(nodeGroup, webGroup, dbGroup(5432));
    records.set(record);
    pods.set(
      ...['plain', 'other', 'web', 'db'].map((name) =>
        viewPod({
          metadata: {
            name,
            namespace: 'default',
            uid: `uid-${name}`,
            ...(groupsOf[name] === undefined ? {} : { annotations: { [SECURITY_GROUPS_ANNOTATION]: groupsOf[name] } }),
          },
          spec: { containers: [{ readinessProbe: { tcpSocket: { port: 8080 } } }] },
        }),
      ),
    );
    await start();
    for (const name of ['plain', 'other', 'web', 'db'] as const) {
      network.addPod(name);
      const { code, stdout } = await shim('ADD', name);
      expect(stdout).toContain(`${addresses[name]}/32`);
      expect(code).toBe(0);
      await network.serve(name, [80, 5432, 8080]);
    }
    await network.serve('node', [10_250]);
    await network.serve('remote', [80]);
  });
  afterAll(async () => {
    await agent?.stop();
    await network.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

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
    securityGroups.set(nodeGroup, webGroup, dbGroup());
    await expect.poll(() => observe(['web', 'db', 5432]), { timeout: 20_000 }).toEqual(['web → db:5432 closed']);
    await agent?.stop();
    expect(await observe(['web', 'db', 5432], ['plain', 'web', 80])).toEqual([
      'web → db:5432 closed',
      'plain → web:80 open',
    ]);
    securityGroups.set(nodeGroup, webGroup, dbGroup(5432));
    await start();
    expect(await observe(['web', 'db', 5432], ['plain', 'web', 80], ['plain', 'db', 5432])).toEqual([
      'web → db:5432 open',
      'plain → web:80 open',
      'plain → db:5432 closed',
    ]);
  });

  it('end with DEL, before the namespace is gone', async () => {
    expect(await shim('DEL', 'other')).toEqual({ code: 0, stdout: '' });
    expect(await observe(['plain', 'other', 80], ['plain', 'web', 80])).toEqual([
      'plain → other:80 closed',
      'plain → web:80 open',
    ]);
  });
});
