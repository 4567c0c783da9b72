/**
 * The agent is killed at every step, and many times over while it serves: whatever line it died on, kernel, journal and
 * runtime agree when the next one serves, and no ADD has failed.
 */
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { buildShim } from '../../scripts/build-shim.ts';
import { formatIpv4 } from '../core/address/ipv4.ts';
import { branchTable, links } from '../core/names.ts';
import { describeAsRoot, isRoot } from '../linux/testing/as-root.ts';
import { mayLoadPrograms } from '../linux/testing/may-load-programs.ts';
import { aBranch, aGroup, allow, anInterface, aRecord, aSet, aTrunk } from './testing/builders.ts';
import { observeNode } from './testing/observe-node.ts';
import { type AgentProcess, type ScratchNode, scratchNode } from './testing/scratch-node.ts';
import { hostLinkName } from './wire/names.ts';

const NODE = 'sg-0000000000000000a';
const WEB = 'sg-0000000000000000b';
const PODS = 400;
const podName = (at: number): string => `pod-${at}`;
/** Every other pod asks for groups. */
const isGrouped = (pod: string): boolean => Number(pod.slice(4)) % 2 === 1;
/** Has a branch, which no other has. */
const BRANCH_POD = podName(151);
const branch = aBranch({ pod: `uid-${BRANCH_POD}` });
const trunk = aTrunk({ deviceIndex: 2 });
const fit = isRoot && mayLoadPrograms();
const names = Array.from({ length: PODS }, (_, at) => podName(at));
const prefixes = (third: number): readonly string[] =>
  Array.from({ length: 64 }, (_, at) => `10.0.${third + Math.floor(at / 16)}.${(at % 16) * 16}/28`);

describeAsRoot('an agent that is killed', () => {
  let node: ScratchNode;
  let agent: AgentProcess;
  /** What the runtime was told and has not taken back: sandbox → address. */
  const told = new Map<string, string>();

  const add = async (pod: string): Promise<void> => {
    const { code, stdout } = await node.cni('ADD', pod);
    const answer = JSON.parse(stdout) as { ips?: readonly { address: string }[] };
    expect({ code, answer }).toMatchObject({ code: 0, answer: { ips: [{}] } });
    told.set(pod, (answer.ips?.[0]?.address ?? '').replace('/32', ''));
  };
  const del = async (pod: string): Promise<void> => {
    expect(await node.cni('DEL', pod)).toEqual({ code: 0, stdout: '' });
    told.delete(pod);
  };
  /** As a runtime does it: the namespace goes at once. */
  const leave = async (pod: string): Promise<void> => {
    await del(pod);
    node.removePod(pod);
    node.addPod(pod);
  };
  /** With `atOnce` at a time, in order. */
  const each = async (
    pods: readonly string[],
    atOnce: number,
    action: (pod: string) => Promise<void>,
  ): Promise<void> => {
    const queue = [...pods];
    const work = async (): Promise<void> => {
      for (let pod = queue.shift(); pod !== undefined; pod = queue.shift()) await action(pod);
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  };
  const agreed = () => {
    const pods = [...told.keys()].sort();
    const link = (pod: string): string => hostLinkName(`sandbox-${pod}`, 'eth0');
    const addresses = (of: readonly string[], ...more: readonly string[]): readonly string[] =>
      [...of.map((pod) => told.get(pod) ?? ''), ...more].sort();
    const grouped = pods.filter(isGrouped);
    const plain = pods.filter((pod) => !isGrouped(pod));
    return {
      links: pods.map(link).sort(),
      routes: addresses(pods),
      elements: {
        pods: pods.map((pod) => `${link(pod)} ${told.get(pod)}`).sort(),
        grouped: addresses(grouped),
        delivered: grouped.map((pod) => `${pod === BRANCH_POD ? 'brv7' : 'eth1'} ${told.get(pod)}`).sort(),
        egress: addresses(pods, '10.0.0.10', '10.0.1.5', trunk.primaryAddress),
        ingress: addresses(pods),
        m_sg_0000000000000000a: addresses(plain, '10.0.0.10'),
        m_sg_0000000000000000b: addresses(grouped),
      },
      journal: pods
        .map((pod) => ({ sandbox: `sandbox-${pod}`, address: told.get(pod), link: link(pod), state: 'wired' }))
        .sort((a, b) => (a.sandbox < b.sandbox ? -1 : 1)),
    };
  };
  const expectAgreement = async (): Promise<void> => {
    await expect.poll(() => observeNode(node), { timeout: 10_000, interval: 50 }).toMatchObject(agreed());
    expect(new Set(told.values()).size).toBe(told.size);
  };
  /** The address that a pod really has. */
  const addressIn = (pod: string): string | undefined => {
    const netns = node.kernel.openNetns(`/run/netns/${node.podNetns(pod)}`);
    const own = node.kernel.addresses(netns).find(({ link }) => link === 'eth0');
    netns.close();
    return own === undefined ? undefined : formatIpv4(own.address);
  };

  beforeAll(async () => {
    node = await scratchNode({
      prefix: `brlt-crash-${process.pid}`,
      buildShim,
      world: {
        record: aRecord({
          interfaces: [
            anInterface({ addresses: [], prefixes: prefixes(4) }),
            anInterface({
              id: 'eni-web',
              mac: '06:00:00:00:00:02',
              deviceIndex: 1,
              purpose: 'groups',
              groups: [WEB],
              primaryAddress: '10.0.1.5',
              addresses: [],
              prefixes: prefixes(8),
            }),
            trunk,
          ],
          branches: [branch],
          sets: [aSet([WEB], { interfaces: ['eni-web'], pods: names.filter(isGrouped).map((pod) => `uid-${pod}`) })],
        }),
        securityGroups: [
          aGroup(NODE, [allow('ingress', NODE), allow('egress', '0.0.0.0/0')]),
          aGroup(WEB, [allow('ingress', NODE, { protocol: 'tcp', port: 80 }), allow('egress', '0.0.0.0/0')]),
        ],
        pods: names.map((name) => (isGrouped(name) ? { name, groups: WEB } : { name })),
      },
    });
    for (const pod of names) node.addPod(pod);
    agent = await node.startAgent();
  });
  afterAll(() => node.destroy());

  it.each(['ADD', 'DEL'])(
    'before any step of an %s leaves nothing behind, and the plugin gets its answer',
    async (command) => {
      let step = 0;
      for (let survived = false; !survived; step++) {
        const pod = podName(command === 'ADD' ? step : 2 * (step % 8) + 1);
        if (command === 'DEL' && !told.has(pod)) await add(pod);
        await agent.arm(step + 1);
        const answer = command === 'ADD' ? add(pod) : del(pod);
        await Promise.race([answer, agent.ended()]);
        survived = !agent.hasEnded();
        if (survived) await agent.arm(0);
        else agent = await node.startAgent();
        await answer;
        await expectAgreement();
        expect(addressIn(pod)).toBe(told.get(pod));
      }
      // Of an ADD: two entries, the elements, three changes on the node's side, five in the pod, the answer.
      expect(step).toBe(command === 'ADD' ? 13 : 5);
    },
  );

  it.skipIf(!fit).each(['ADD', 'DEL'])(
    'before any step of an %s of a pod with a branch leaves nothing behind, and the pod has the branch’s address',
    async (command) => {
      let step = 0;
      for (let survived = false; !survived;) {
        if (command === 'ADD' && told.has(BRANCH_POD)) await leave(BRANCH_POD);
        if (command === 'DEL' && !told.has(BRANCH_POD)) await add(BRANCH_POD);
        await agent.arm(++step);
        const answer = command === 'ADD' ? add(BRANCH_POD) : del(BRANCH_POD);
        await Promise.race([answer, agent.ended()]);
        survived = await agent.arm(0).then(
          () => true,
          () => false,
        );
        if (!survived) agent = await node.startAgent();
        await answer;
        await expectAgreement();
        expect(addressIn(BRANCH_POD)).toBe(command === 'ADD' ? branch.address : undefined);
      }
      expect(step).toBeGreaterThan(4);
      if (told.has(BRANCH_POD)) await leave(BRANCH_POD);
    },
  );

  it.skipIf(!fit)('before any step of making a branch makes it whole when it is back', async () => {
    const { kernel, netns } = node;
    agent.signal('SIGKILL');
    await agent.ended();
    kernel.apply(netns, [{ op: 'delete-vlan', name: 'brv7', trunk: 'eth2', id: 7 }]);
    const seen = new Set<string>();
    for (let step = 1, served = false; !served; step++) {
      const next = node.launchAgent({ dieAtStep: step });
      served = await next
        .ready()
        .then(async () => next.arm(0))
        .then(
          () => true,
          () => false,
        );
      if (served) agent = next;
      else await next.ended();
      const { group, up } = kernel.link(netns, 'brv7') ?? {};
      const routes = kernel.routes(netns, branchTable(7)).length;
      seen.add(`group ${group}, up ${up}, ${routes} routes`);
    }
    // Where it died, some of it was there.
    expect([...seen]).toEqual([
      'group undefined, up undefined, 0 routes',
      'group 0, up false, 0 routes',
      `group ${links.branchGroup}, up true, 0 routes`,
      `group ${links.branchGroup}, up true, 2 routes`,
    ]);
    await add(BRANCH_POD);
    expect(addressIn(BRANCH_POD)).toBe(branch.address);
    expect(kernel.rules(netns).filter(({ table }) => table === branchTable(7))).toHaveLength(1);
    await leave(BRANCH_POD);
    await expectAgreement();
  });

  it('while it takes back what its predecessor left half done goes on where it was', async () => {
    const pod = podName(20);
    await agent.arm(6);
    const answer = add(pod);
    await agent.ended();
    let step = 0;
    for (let served = false; !served; step++) {
      const next = node.launchAgent({ dieAtStep: step + 1 });
      served = await next.ready().then(
        () =>
          next.arm(0).then(
            () => true,
            () => false,
          ),
        () => false,
      );
      if (served) agent = next;
      else await next.ended();
    }
    await answer;
    await expectAgreement();
    // At least the link, the route, the entry and the ruleset.
    expect(step).toBeGreaterThan(4);
  });

  it.each([4, 32])(
    'twice while 200 pods come, %i at once, and twice while they go, lets no ADD fail',
    async (atOnce) => {
      const batch = names.slice(200);
      const disturbed = async (work: Promise<void>): Promise<void> => {
        const over = new AbortController();
        const done = work.finally(() => over.abort());
        for (let kill = 0; kill < 2 && !over.signal.aborted; kill++) {
          await Promise.race([new Promise((resolve) => setTimeout(resolve, 150)), done]);
          agent.signal('SIGKILL');
          await agent.ended();
          agent = await node.startAgent();
        }
        await done;
      };
      await disturbed(each(batch, atOnce, add));
      await expectAgreement();
      for (const pod of batch.slice(0, 20)) expect(addressIn(pod)).toBe(told.get(pod));
      await disturbed(each(batch, atOnce, leave));
      await expectAgreement();
    },
  );

  it('has its DELs done when it is back, whether their namespaces went before or go after', async () => {
    const batch = names.slice(40, 72);
    await each(batch, 8, add);
    agent.signal('SIGKILL');
    await agent.ended();
    await each(batch, 16, del);
    for (const pod of batch.slice(0, 16)) node.removePod(pod);
    agent = await node.startAgent();
    for (const pod of batch.slice(16)) node.removePod(pod);
    await expectAgreement();
  });

  it('with its plugins leaves nothing that the runtime’s DEL does not take away', async () => {
    const batch = names.slice(80, 112);
    await each(batch, 8, async (pod) => {
      const plugin = node.plugin('ADD', pod);
      setTimeout(() => plugin.kill('SIGKILL'), Number(pod.slice(4)) % 8);
      await once(plugin, 'close');
    });
    await each(batch, 8, del);
    await expectAgreement();
  });

  it('starts again without the API server and serves from what it knew at once', async () => {
    agent.signal('SIGTERM');
    await agent.ended();
    agent = await node.startAgent({ apiAway: true });
    await add(podName(30));
    await add(podName(31));
    await expectAgreement();
  });

  it('or hangs ends an ADD at the plugin’s deadline with a coded error, and serves it later', async () => {
    const pod = podName(32);
    agent.signal('SIGSTOP');
    const { code, stdout } = await node.cni('ADD', pod, node.hastyPlugin);
    expect({ code, answer: JSON.parse(stdout) as unknown }).toMatchObject({
      code: 1,
      answer: { code: 11, msg: expect.stringContaining('agent-unreachable') },
    });
    agent.signal('SIGCONT');
    await add(pod);
    await expectAgreement();
  });
});
