/** The plugin and the agent as libcni, the library in every container runtime, calls them. */
import { spawnSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { buildGo, findGo } from '../../scripts/build-go.ts';
import { buildShim } from '../../scripts/build-shim.ts';
import { isRoot } from '../linux/testing/as-root.ts';
import { aGroup, allow, anInterface, aRecord } from './testing/builders.ts';
import { hostLinkName } from './wire/names.ts';
import { type AgentProcess, type ScratchNode, scratchNode } from './testing/scratch-node.ts';

const NODE = 'sg-0000000000000000a';

interface Outcome {
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly msg: string };
}

const CALLER = join(import.meta.dirname, '../cni/testing/libcni');
const go = findGo();
const isFetched = go !== undefined && spawnSync(go, ['mod', 'download'], { cwd: CALLER }).status === 0;
const missing = [
  ...(isRoot ? [] : ['root']),
  ...(go === undefined ? ['Go'] : []),
  ...(go === undefined || isFetched ? [] : ['the Go modules of its caller']),
];
const reason = missing.length > 0 ? ` (not here: ${missing.join(', ')})` : '';

describe.skipIf(missing.length > 0)(`a runtime by libcni${reason}`, () => {
  let node: ScratchNode;
  let agent: AgentProcess;
  let caller: string;

  const list = (...cniVersions: readonly string[]): object => ({
    cniVersion: cniVersions[0],
    cniVersions,
    name: 'branchline',
    plugins: [{ type: basename(node.patientPlugin) }],
  });
  const call = (command: string, pod: string, more: object = {}): object => ({
    command,
    list: list('1.1.0'),
    containerId: `sandbox-${pod}`,
    netns: `/run/netns/${node.podNetns(pod)}`,
    args: [
      ['IgnoreUnknown', '1'],
      ['K8S_POD_NAMESPACE', 'default'],
      ['K8S_POD_NAME', pod],
      ['K8S_POD_UID', `uid-${pod}`],
    ],
    ...more,
  });
  const run = (...calls: readonly object[]): readonly Outcome[] => {
    const args = [node.folder, join(node.folder, 'libcni'), basename(node.patientPlugin)];
    const { stdout, stderr, status } = spawnSync(caller, args, { input: JSON.stringify(calls), encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as readonly Outcome[];
  };

  beforeAll(async () => {
    node = await scratchNode({
      prefix: `brlt-libcni-${process.pid}`,
      buildShim,
      world: {
        record: aRecord({ interfaces: [anInterface({ prefixes: ['10.0.2.0/28', '10.0.2.16/28'] })] }),
        securityGroups: [aGroup(NODE, [allow('egress', '0.0.0.0/0')])],
        pods: [{ name: 'web' }, { name: 'other' }],
      },
    });
    caller = join(node.folder, 'caller');
    buildGo(CALLER, caller);
    for (const pod of ['web', 'other', 'stranger']) node.addPod(pod);
    agent = await node.startAgent({ addDeadlineMs: 200 });
  }, 180_000);
  afterAll(() => node.destroy());

  it('learns the versions that the plugin speaks', () => {
    expect(run({ command: 'VERSION', list: list('1.0.0') })).toEqual([
      { result: ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] },
    ]);
  });

  it.each(['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'])('adds and deletes a pod in version %s', (version) => {
    const [added, deleted] = run(
      call('ADD', 'web', { list: list(version) }),
      call('DEL', 'web', { list: list(version) }),
    );
    expect(added).toMatchObject({ result: { cniVersion: version, ips: [{ interface: 1 }] } });
    expect(deleted).toEqual({});
    node.removePod('web');
    node.addPod('web');
  });

  it('settles on the newest version that both speak', () => {
    const [added] = run(call('ADD', 'web', { list: list('1.0.0', '1.1.0') }), call('DEL', 'web'));
    expect(added).toMatchObject({ result: { cniVersion: '1.1.0', interfaces: [{ mtu: 9001 }, { mtu: 9001 }] } });
  });

  it('checks what it added, and is told when it is gone', () => {
    expect(run(call('ADD', 'web'), call('CHECK', 'web')).at(-1)).toEqual({});
    node.kernel.apply(node.netns, [{ op: 'delete-link', link: hostLinkName('sandbox-web', 'eth0') }]);
    expect(run(call('CHECK', 'web'))).toMatchObject([
      { error: { code: 3, msg: expect.stringContaining('attachment-missing') } },
    ]);
    expect(run(call('DEL', 'web'), call('DEL', 'web'))).toEqual([{}, {}]);
  });

  it('has what it forgot collected', () => {
    run(call('ADD', 'web'), call('ADD', 'other'));
    expect(run({ command: 'GC', list: list('1.1.0'), valid: ['sandbox-other'] })).toEqual([{}]);
    expect(run(call('CHECK', 'other'))).toEqual([{}]);
    expect(run(call('CHECK', 'web'))).toMatchObject([{ error: {} }]);
    expect(run(call('DEL', 'other'))).toEqual([{}]);
  });

  it('is told to try again, and why, about a pod that the agent does not know', () => {
    expect(run(call('ADD', 'stranger'))).toMatchObject([
      { error: { code: 11, msg: expect.stringContaining('pod-unknown') } },
    ]);
  });

  it('sees by STATUS whether pods can be served', async () => {
    expect(run({ command: 'STATUS', list: list('1.1.0') })).toEqual([{}]);
    agent.signal('SIGKILL');
    await agent.ended();
    node.launchAgent({ apiAway: true, stateDir: join(node.folder, 'empty') });
    expect(run({ command: 'STATUS', list: list('1.1.0') })).toMatchObject([
      { error: { code: 50, msg: expect.stringContaining('node-record-missing') } },
    ]);
  });
});
