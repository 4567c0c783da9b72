import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

import { decodeReply, encodeRequest } from '../cni/frame.ts';
import { CodedError } from '../core/errors/coded-error.ts';
import { type GroupPolicy, readPolicy } from '../core/groups/policy.ts';
import { SECURITY_GROUPS_ANNOTATION } from '../core/names.ts';
import type { NodeNetwork, NodeNetworkStatus } from '../core/records/node-network.ts';
import type { SecurityGroupRecord } from '../core/records/security-group.ts';
import { type Agent, startAgent } from './agent.ts';
import { silentLog } from '../daemon/log.ts';
import { aGroup, allow, anInterface, aRecord, aSet } from './testing/builders.ts';
import { clockDouble, informerDouble } from './testing/doubles.ts';
import { kernelDouble } from './testing/kernel-double.ts';
import { type PodView, type ServiceAccountView, viewPod } from './world/pod-view.ts';
import type { ConfigMapView } from './world/world.ts';

const NODE = 'sg-0000000000000000a';
const WEB = 'sg-0000000000000000b';
const webInterface = anInterface({
  id: 'eni-web',
  mac: '06:00:00:00:00:02',
  deviceIndex: 1,
  purpose: 'groups',
  groups: [WEB],
  primaryAddress: '10.0.1.5',
  addresses: ['10.0.1.20'],
});
const pod = (name: string, request?: string): PodView =>
  viewPod({
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      ...(request === undefined ? {} : { annotations: { [SECURITY_GROUPS_ANNOTATION]: request } }),
    },
  });
const groups = [aGroup(NODE, [allow('ingress', NODE)]), aGroup(WEB, [], { nameTag: 'web' })];
const config = { cniVersion: '1.0.0', name: 'branchline', type: 'branchline-cni' };

interface World {
  readonly folder: string;
  readonly kernel: ReturnType<typeof kernelDouble>;
  readonly clock: ReturnType<typeof clockDouble>;
  readonly pods: ReturnType<typeof informerDouble<PodView>>;
  readonly serviceAccounts: ReturnType<typeof informerDouble<ServiceAccountView>>;
  readonly policies: ReturnType<typeof informerDouble<GroupPolicy>>;
  readonly records: ReturnType<typeof informerDouble<NodeNetwork>>;
  readonly securityGroups: ReturnType<typeof informerDouble<SecurityGroupRecord>>;
  readonly configMap: ReturnType<typeof informerDouble<ConfigMapView>>;
  readonly statuses: NodeNetworkStatus[];
  start(): Promise<Agent>;
  call(
    command: string,
    pod: string,
    more?: Record<string, string>,
    moreConfig?: object,
  ): Promise<{ exitCode: number; answer: Record<string, unknown> }>;
}

let selfTest = async (): Promise<void> => undefined;
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function world(): World {
  const folder = mkdtempSync(join(tmpdir(), 'brl-agent-'));
  cleanups.push(async () => rmSync(folder, { recursive: true, force: true }));
  const kernel = kernelDouble();
  kernel.addLink('eth0', '06:00:00:00:00:01');
  const clock = clockDouble();
  const pods = informerDouble<PodView>();
  const records = informerDouble<NodeNetwork>();
  const securityGroups = informerDouble<SecurityGroupRecord>();
  const configMap = informerDouble<ConfigMapView>();
  const serviceAccounts = informerDouble<ServiceAccountView>();
  const policies = informerDouble<GroupPolicy>();
  const noConfigMap = informerDouble<ConfigMapView>();
  serviceAccounts.set();
  policies.set();
  noConfigMap.set();
  const statuses: NodeNetworkStatus[] = [];
  return {
    folder,
    kernel,
    clock,
    pods,
    serviceAccounts,
    policies,
    records,
    securityGroups,
    configMap,
    statuses,
    async start() {
      const agent = await startAgent({
        kernel,
        startInformers: () => ({
          pods,
          serviceAccounts,
          policies,
          records,
          securityGroups,
          configMaps: [configMap, noConfigMap],
        }),
        writeStatus: async (status) => void statuses.push(status),
        environment: {},
        bootId: 'boot',
        runDir: join(folder, 'run'),
        stateDir: join(folder, 'state'),
        peerUid: () => 0,
        clock,
        log: silentLog,
        observe: () => undefined,
        onReady: () => writeFileSync(join(folder, 'ready'), ''),
        selfTest,
      });
      cleanups.push(() => agent.stop());
      return agent;
    },
    call(command, podName, more = {}, moreConfig = {}) {
      const environment = {
        CNI_COMMAND: command,
        CNI_CONTAINERID: `sandbox-${podName}`,
        CNI_IFNAME: 'eth0',
        CNI_NETNS: `/run/netns/${podName}`,
        CNI_ARGS: `K8S_POD_NAMESPACE=default;K8S_POD_NAME=${podName};K8S_POD_UID=uid-${podName}`,
        ...more,
      };
      const stdin = Buffer.from(JSON.stringify({ ...config, ...moreConfig }));
      return new Promise((resolve, reject) => {
        const socket = connect(join(folder, 'run', 'agent.sock'));
        let received = Buffer.alloc(0);
        socket.on('error', reject);
        socket.on('data', (chunk) => {
          received = Buffer.concat([received, chunk]);
          const reply = decodeReply(received);
          if (reply === undefined) return;
          socket.destroy();
          const text = Buffer.from(reply.stdout).toString();
          resolve({
            exitCode: reply.exitCode,
            answer: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
          });
        });
        socket.write(encodeRequest({ environment, stdin }));
      });
    },
  };
}

const enabled = (value = 'true'): ConfigMapView => ({
  metadata: { name: 'aws-vpc-cni' },
  data: { ENABLE_POD_ENI: value },
});
/** A node in force, with no groups interface yet. */
function settled(): World {
  const here = world();
  here.configMap.set(enabled());
  here.securityGroups.set(...groups);
  here.records.set(aRecord());
  here.pods.set(pod('plain'), pod('web', 'web'));
  return here;
}
const withWeb = aRecord(
  { interfaces: [anInterface(), webInterface], sets: [aSet([WEB], { interfaces: ['eni-web'], pods: ['uid-web'] })] },
  2,
);
const applied = (here: World): readonly string[] => here.kernel.log.filter((line) => line.startsWith('apply'));

describe('the agent', () => {
  it('wires a plain pod from the node’s interface, rules before the link, and says so once more when asked again', async () => {
    const here = settled();
    await here.start();
    const first = await here.call('ADD', 'plain');
    expect(first).toMatchObject({ exitCode: 0, answer: { ips: [{ address: '10.0.0.20/32' }] } });
    const elements = here.kernel.log.findIndex((line) => line.startsWith('elements add pods'));
    const veth = here.kernel.log.findIndex((line) => line.includes('add-veth'));
    expect(elements).toBeGreaterThan(-1);
    expect(elements).toBeLessThan(veth);
    expect(await here.call('ADD', 'plain')).toEqual(first);
    expect(here.kernel.log.filter((line) => line.includes('add-veth'))).toHaveLength(1);
  });

  it('keeps a pod that asks for groups waiting until its own interface is there, whatever else is free', async () => {
    const here = settled();
    await here.start();
    const answer = here.call('ADD', 'web');
    await here.clock.advance(5000);
    expect(applied(here).filter((line) => line.includes('add-veth'))).toEqual([]);
    here.records.set(withWeb);
    await here.clock.advance(5000);
    expect(applied(here).filter((line) => line.includes('add-veth'))).toEqual([]);
    here.kernel.addLink('eth1', '06:00:00:00:00:02');
    await here.clock.advance(1000);
    expect(await answer).toMatchObject({ exitCode: 0, answer: { ips: [{ address: '10.0.1.20/32' }] } });
  });

  it('ends the wait with "try again later" and the cause, and has wired nothing', async () => {
    const here = settled();
    const agent = await here.start();
    const answer = here.call('ADD', 'web');
    await expect.poll(() => agent.state()).toMatchObject({ underWay: ['sandbox-web/eth0'] });
    await here.clock.advance(61_000);
    expect(await answer).toMatchObject({
      exitCode: 1,
      answer: { code: 11, msg: expect.stringContaining('groups-not-ready') },
    });
    expect(applied(here).filter((line) => line.includes('add-veth'))).toEqual([]);
  });

  it('ends the wait of a pod that is being deleted', async () => {
    const here = settled();
    await here.start();
    const answer = here.call('ADD', 'web');
    await here.clock.advance(1000);
    here.pods.set({ ...pod('web', 'web'), isLeaving: true });
    await here.clock.advance(1000);
    expect(await answer).toMatchObject({ exitCode: 1, answer: { code: 11 } });
  });

  it('refuses at once a pod that asks while the switch is off', async () => {
    const here = settled();
    here.configMap.set(enabled('false'));
    await here.start();
    expect(await here.call('ADD', 'web')).toMatchObject({
      answer: { msg: expect.stringContaining('pod-groups-disabled') },
    });
  });

  it('decides nothing before it has read the policies, and by those alone that it read with the pod', async () => {
    const here = settled();
    here.policies.forget();
    here.records.set(withWeb);
    here.kernel.addLink('eth1', '06:00:00:00:00:02');
    const agent = await here.start();
    const answer = here.call('ADD', 'plain');
    await expect.poll(() => agent.state()).toMatchObject({ underWay: ['sandbox-plain/eth0'] });
    await here.clock.advance(5000);
    expect(applied(here).filter((line) => line.includes('add-veth'))).toEqual([]);
    here.policies.set();
    await here.clock.advance(1000);
    expect(await answer).toMatchObject({ exitCode: 0, answer: { ips: [{ address: '10.0.0.20/32' }] } });
    await here.clock.advance(5000);
    await agent.stop();
    // What was read before serves those that were there before, and nobody who came since.
    for (const informer of [here.policies, here.records, here.securityGroups, here.configMap]) informer.forget();
    here.pods.set(pod('plain'), pod('since'));
    const next = await here.start();
    expect(await here.call('ADD', 'plain', { CNI_CONTAINERID: 'anew' })).toMatchObject({ exitCode: 0 });
    const refused = here.call('ADD', 'since');
    await expect.poll(() => next.state()).toMatchObject({ underWay: ['sandbox-since/eth0'] });
    await here.clock.advance(61_000);
    expect(await refused).toMatchObject({ exitCode: 1, answer: { msg: expect.stringContaining('pod-unknown') } });
  });

  it('gives a pod that a policy means its interface, and refuses one whose annotation says otherwise', async () => {
    const here = settled();
    here.policies.set(
      readPolicy({
        metadata: { name: 'all', namespace: 'default' },
        spec: { podSelector: {}, securityGroups: { groupIds: [WEB] } },
      }),
    );
    here.pods.set(pod('web'), pod('other', 'db'));
    here.records.set(withWeb);
    here.kernel.addLink('eth1', '06:00:00:00:00:02');
    await here.start();
    expect(await here.call('ADD', 'web')).toMatchObject({ answer: { ips: [{ address: '10.0.1.20/32' }] } });
    expect(await here.call('ADD', 'other')).toMatchObject({
      exitCode: 1,
      answer: { msg: expect.stringContaining('annotation-against-policy') },
    });
  });

  it('does not accept a record of another machine', async () => {
    const here = settled();
    here.records.set(
      aRecord({ instance: { id: 'i-2', type: 'm5.large', zone: 'z', primaryMac: '06:00:00:00:00:99' } }),
    );
    const agent = await here.start();
    await here.clock.advance(100);
    expect(agent.isReady()).toBe(false);
    expect(existsSync(join(here.folder, 'ready'))).toBe(false);
    expect(here.statuses.at(-1)?.conditions?.[0]).toMatchObject({ status: 'False', reason: 'NodeRecordForeign' });
    expect(here.statuses.at(-1)?.appliedGeneration).toBeUndefined();
  });

  it('acknowledges a generation when all of its interfaces are there', async () => {
    const here = settled();
    await here.start();
    await here.clock.advance(100);
    expect(here.statuses.at(-1)).toMatchObject({ protocol: 2, appliedGeneration: 1 });
    here.records.set(withWeb);
    await here.clock.advance(100);
    expect(here.statuses.at(-1)).toMatchObject({
      appliedGeneration: 1,
      conditions: [{}, { reason: 'LinkMissing' }, {}],
    });
    here.kernel.addLink('eth1', '06:00:00:00:00:02');
    await here.clock.advance(1000);
    expect(here.statuses.at(-1)).toMatchObject({ appliedGeneration: 2 });
  });

  it('lists nothing on the way of an ADD or a DEL, and writes no rule', async () => {
    const here = settled();
    await here.start();
    await here.clock.advance(1000);
    here.kernel.dumps.length = 0;
    const written = here.kernel.log.length;
    expect(await here.call('ADD', 'plain')).toMatchObject({ exitCode: 0 });
    expect(await here.call('DEL', 'plain')).toMatchObject({ exitCode: 0 });
    expect(here.kernel.dumps).toEqual([]);
    expect(here.kernel.log.slice(written).filter((line) => line.startsWith('nft') || line.includes('-rule'))).toEqual(
      [],
    );
    // One walk over the connections serves all who left.
    await here.clock.advance(2000);
    expect(here.kernel.dumps).toContain('connections');
  });

  it('frees the address on DEL, lets it cool down, and deletes no link at once', async () => {
    const here = settled();
    await here.start();
    await here.call('ADD', 'plain');
    expect(await here.call('DEL', 'plain', { CNI_NETNS: '' })).toEqual({ exitCode: 0, answer: {} });
    expect(await here.call('DEL', 'plain', { CNI_NETNS: '' })).toEqual({ exitCode: 0, answer: {} });
    expect(here.kernel.log.some((line) => line.includes('delete-link'))).toBe(false);
    expect(here.kernel.log.at(-1)).toContain('delete-route');
    expect(await here.call('ADD', 'plain', { CNI_CONTAINERID: 'next' })).toMatchObject({
      answer: { ips: [{ address: '10.0.0.21/32' }] },
    });
  });

  it('lets a DEL end an ADD that still waits', async () => {
    const here = settled();
    await here.start();
    const add = here.call('ADD', 'web');
    await here.clock.advance(100);
    expect(await here.call('DEL', 'web')).toMatchObject({ exitCode: 0 });
    expect(await add).toMatchObject({ exitCode: 1 });
    here.kernel.addLink('eth1', '06:00:00:00:00:02');
    here.records.set(withWeb);
    await here.clock.advance(2000);
    expect(applied(here).filter((line) => line.includes('add-veth'))).toEqual([]);
  });

  it('rolls back a wiring that the kernel refuses, and serves the next attempt', async () => {
    const here = settled();
    await here.start();
    here.kernel.failNext('apply');
    expect(await here.call('ADD', 'plain')).toMatchObject({
      answer: { code: 11, msg: expect.stringContaining('wiring-failed') },
    });
    await here.clock.advance(100);
    expect(await here.call('ADD', 'plain')).toMatchObject({ exitCode: 0 });
  });

  it('serves from its journal and last accepted record while the API server is away', async () => {
    const here = settled();
    const agent = await here.start();
    const before = await here.call('ADD', 'plain');
    await agent.stop();
    for (const informer of [
      here.pods,
      here.serviceAccounts,
      here.policies,
      here.records,
      here.securityGroups,
      here.configMap,
    ])
      informer.forget();
    const next = await here.start();
    expect(next.isReady()).toBe(true);
    expect(await here.call('ADD', 'plain')).toEqual(before);
    // Also to a sandbox that is made anew.
    expect(await here.call('ADD', 'plain', { CNI_CONTAINERID: 'next' })).toMatchObject({ exitCode: 0 });
    expect(here.kernel.log.findLast((line) => line.startsWith('nft'))).toContain('add element inet branchline pods');
  });

  it('takes back what a predecessor had only half done', async () => {
    const here = settled();
    const agent = await here.start();
    await here.call('ADD', 'plain');
    await agent.stop();
    const journal = join(here.folder, 'state', 'journal');
    writeFileSync(journal, readFileSync(journal, 'utf8').split('\n').slice(0, 2).join('\n').concat('\n'));
    await here.start();
    await here.clock.advance(100);
    expect(await here.call('CHECK', 'plain')).toMatchObject({ exitCode: 1 });
    expect(await here.call('ADD', 'plain')).toMatchObject({ answer: { ips: [{ address: '10.0.0.21/32' }] } });
  });

  it('carries out the DELs of its absence before anything else', async () => {
    const here = settled();
    const agent = await here.start();
    await here.call('ADD', 'plain');
    await agent.stop();
    const environment = { CNI_COMMAND: 'DEL', CNI_CONTAINERID: 'sandbox-plain', CNI_IFNAME: 'eth0' };
    const spool = join(here.folder, 'run', 'del');
    mkdirSync(spool);
    writeFileSync(
      join(spool, 'sandbox-plain.eth0'),
      encodeRequest({ environment, stdin: Buffer.from(JSON.stringify(config)) }),
    );
    writeFileSync(join(spool, 'torn'), 'BLC1');
    await here.start();
    expect(readdirSync(spool)).toEqual([]);
    expect(await here.call('CHECK', 'plain')).toMatchObject({ exitCode: 1 });
  });

  it('answers CHECK, STATUS and GC', async () => {
    const here = settled();
    await here.start();
    await here.call('ADD', 'plain');
    expect(await here.call('CHECK', 'plain')).toEqual({ exitCode: 0, answer: {} });
    expect(await here.call('STATUS', 'plain')).toEqual({ exitCode: 0, answer: {} });
    const valid = (...sandboxes: readonly string[]) => ({
      'cni.dev/valid-attachments': sandboxes.map((containerID) => ({ containerID, ifname: 'eth0' })),
    });
    expect(await here.call('GC', 'plain', {}, valid('sandbox-plain'))).toEqual({ exitCode: 0, answer: {} });
    expect(await here.call('CHECK', 'plain')).toMatchObject({ exitCode: 0 });
    expect(await here.call('GC', 'plain', {}, valid('another'))).toEqual({ exitCode: 0, answer: {} });
    expect(await here.call('CHECK', 'plain')).toMatchObject({ exitCode: 1 });
    expect(await here.call('NONSENSE', 'plain')).toMatchObject({ exitCode: 1, answer: { code: 4 } });
  });

  it('is not ready before its self-test has held', async () => {
    const here = settled();
    let failing = true;
    selfTest = async () => {
      if (failing) throw new CodedError('self-test-failed', { detail: 'nothing came back' });
    };
    cleanups.push(async () => void (selfTest = async () => undefined));
    const agent = await here.start();
    expect(await here.call('STATUS', 'plain')).toMatchObject({
      answer: { code: 50, msg: expect.stringContaining('self-test-failed') },
    });
    expect(existsSync(join(here.folder, 'ready'))).toBe(false);
    failing = false;
    await here.clock.advance(1000);
    expect(agent.isReady()).toBe(true);
    expect(existsSync(join(here.folder, 'ready'))).toBe(true);
  });

  it('has a socket that is root’s alone', async () => {
    const here = settled();
    await here.start();
    expect(statSync(join(here.folder, 'run', 'agent.sock')).mode & 0o777).toBe(0o600);
  });
});
