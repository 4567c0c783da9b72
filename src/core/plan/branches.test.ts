import { describe, expect, it } from 'vitest';

import { mac } from '../address/mac.ts';
import { CodedError } from '../errors/coded-error.ts';
import { setKey } from '../groups/set-key.ts';
import { eksTags } from '../names.ts';
import type { PodEni } from '../records/pod-eni.ts';
import type { ObservedBranch } from './snapshot.ts';
import { SimulatedNode, home, nodeGroup } from './testing/simulated-node.ts';

const web = 'sg-0000000000000000a';
const db = 'sg-0000000000000000b';

/** Whose agent has spoken, with a trunk of EKS's. */
function eksNode(options: ConstructorParameters<typeof SimulatedNode>[0] = {}): SimulatedNode {
  const node = new SimulatedNode(options);
  node.mode = 'eks';
  node.giveTrunk();
  node.converge();
  node.runAgent();
  return node;
}
const setsOf = (node: SimulatedNode) => node.record?.spec.sets;
const branchesOf = (node: SimulatedNode) => node.record?.spec.branches;
const trunkOf = (node: SimulatedNode): string =>
  node.interfaces.find(({ interfaceType }) => interfaceType === 'trunk')?.id ?? '';
/** Codes by pod. */
const told = (node: SimulatedNode) =>
  Object.fromEntries(node.converge().problems.map(({ uid, error }) => [uid, error.code]));
const change = (node: SimulatedNode, id: string, more: Partial<ObservedBranch>): void => {
  node.branches = node.branches.map((seen) => (seen.id === id ? { ...seen, ...more } : seen));
};
const claim = (node: SimulatedNode, uid: string, eni: PodEni | CodedError): void => {
  const pod = node.pods.get(uid);
  if (pod !== undefined) node.pods.set(uid, { ...pod, eni });
};

describe('in the mode eks', () => {
  it('a pod has the branch interface that EKS’s controller has given it, and no other', () => {
    const node = eksNode();
    node.match('pod-1', db, web);
    node.match('pod-2', db, web);
    const [first, second] = [node.giveBranch('pod-1', web, db), node.giveBranch('pod-2', web, db)];
    node.converge();
    expect(node.record?.spec.interfaces).toMatchObject([
      { purpose: 'node' },
      { purpose: 'trunk', id: trunkOf(node), deviceIndex: 2, addresses: [], groups: [nodeGroup] },
    ]);
    expect(branchesOf(node)).toEqual(
      [first, second].map(({ id, mac: its, address }, index) => ({
        pod: `pod-${index + 1}`,
        id,
        mac: its,
        trunk: trunkOf(node),
        vlan: index + 1,
        subnet: home.cidr,
        gateway: '10.0.0.1',
        groups: [web, db],
        address,
      })),
    );
    expect(setsOf(node)).toMatchObject([
      { key: setKey([web, db]), groups: [web, db], interfaces: [], pods: ['pod-1', 'pod-2'] },
    ]);
    expect(node.plan().problems).toEqual([]);
  });

  it('no interface is made for a set, and plain pods have the node’s', () => {
    const node = eksNode();
    node.match('pod-1', web);
    node.ask('pod-2');
    node.converge();
    expect(node.done.map(({ kind }) => kind)).toEqual(['assign-addresses']);
    expect(setsOf(node)).toEqual([]);
  });

  it('the trunk is in the record before the first pod comes, and leaves it with the last in another mode', () => {
    const node = eksNode();
    node.converge();
    expect(node.record?.spec.interfaces).toMatchObject([{}, { purpose: 'trunk' }]);
    node.match('pod-1', web);
    node.giveBranch('pod-1', web);
    node.converge();
    node.runAgent();
    node.mode = 'shared';
    node.converge();
    expect(node.record?.spec).toMatchObject({ interfaces: [{}, { purpose: 'trunk' }], branches: [{ pod: 'pod-1' }] });
    node.pods.clear();
    node.converge();
    expect(node.record?.spec.interfaces).toHaveLength(1);
    expect(node.record?.spec).not.toHaveProperty('branches');
  });

  it('an agent that has not announced branches gets none, and the pod is told why', () => {
    const node = eksNode();
    node.protocol = 1;
    node.runAgent();
    node.match('pod-1', web);
    node.giveBranch('pod-1', web);
    expect(told(node)).toEqual({ 'pod-1': 'agent-outdated' });
    expect(node.record?.spec).toMatchObject({ interfaces: [{ purpose: 'node' }], sets: [] });
    node.protocol = 2;
    node.runAgent();
    expect(told(node)).toEqual({});
    expect(branchesOf(node)).toHaveLength(1);
  });

  it('a pod that asks by annotation is told at once that policies decide, one of a policy after a while', () => {
    const node = eksNode();
    node.ask('pod-1', web);
    node.match('pod-2', web);
    const plan = node.converge();
    expect(plan.problems).toMatchObject([{ uid: 'pod-1', error: { code: 'pod-eni-missing' } }]);
    expect(plan.problems[0]?.error.message).toContain('SecurityGroupPolicy');
    expect(plan).toMatchObject({ awaited: ['pod-2'], tellInMs: 15_000 });
    node.nowMs += 14_999;
    expect(told(node)).toEqual({ 'pod-1': 'pod-eni-missing' });
    node.nowMs += 1;
    expect(told(node)).toEqual({ 'pod-1': 'pod-eni-missing', 'pod-2': 'pod-eni-missing' });
    expect(node.plan()).not.toHaveProperty('tellInMs');
    node.giveBranch('pod-2', web);
    expect(told(node)).toEqual({ 'pod-1': 'pod-eni-missing' });
  });

  it('what EC2 may merely not show yet is told after a while', () => {
    const node = eksNode();
    node.match('pod-1', web);
    const { id } = node.giveBranch('pod-1', web);
    const [made] = node.branches;
    for (const [code, shown] of [
      ['ec2-not-found', []],
      ['pod-eni-mismatch', [{ ...made, interfaceType: 'interface' }]],
      ['pod-eni-unproven', [{ ...made, association: undefined }]],
    ] as const) {
      node.branches = shown as readonly ObservedBranch[];
      node.crash();
      expect(told(node)).toEqual({});
      node.nowMs += 15_000;
      expect(told(node)).toEqual({ 'pod-1': code });
    }
    node.branches = made === undefined ? [] : [made];
    expect(told(node)).toEqual({});
    expect(branchesOf(node)).toMatchObject([{ id }]);
  });

  const eni = (more: Partial<PodEni>) => (node: SimulatedNode, true_: PodEni) =>
    claim(node, 'pod-1', { ...true_, ...more });
  it.each([
    ['another MAC', eni({ mac: mac('02:00:00:00:ff:ff') }), 'ifAddress is 02:00:00:00:ff:ff'],
    ['another address', eni({ address: '10.0.9.9' }), 'privateIp is 10.0.9.9'],
    ['another VLAN id', eni({ vlan: 9 }), 'vlanId is 9, that of'],
    [
      'an interface that is no branch',
      (node: SimulatedNode, { id }: PodEni) => change(node, id, { interfaceType: 'efa' }),
      'is of type efa',
    ],
    [
      'other groups than it asks for',
      (node: SimulatedNode, { id }: PodEni) => change(node, id, { groups: [web, db] }),
      `has ${web}, ${db}, and the pod asks for ${web}`,
    ],
  ])('a pod that claims %s waits and is told', (_, spoil, detail) => {
    const node = eksNode();
    node.match('pod-1', web);
    spoil(node, node.giveBranch('pod-1', web));
    const { problems, spec } = node.converge();
    expect(problems).toMatchObject([{ uid: 'pod-1', error: { code: 'pod-eni-mismatch' } }]);
    expect(problems[0]?.error.detail).toContain(detail);
    expect(spec).toMatchObject({ sets: [] });
    expect(spec).not.toHaveProperty('branches');
  });

  it('a pod that claims a branch of another node’s trunk waits', () => {
    const node = eksNode();
    node.match('pod-1', web);
    const { id } = node.giveBranch('pod-1', web);
    change(node, id, { association: { trunk: 'eni-elsewhere', vlan: 1 } });
    expect(told(node)).toEqual({});
    node.nowMs += 15_000;
    expect(told(node)).toEqual({ 'pod-1': 'pod-eni-mismatch' });
    expect(branchesOf(node)).toBeUndefined();
  });

  it('a malformed annotation is told as it is', () => {
    const node = eksNode();
    node.match('pod-1', web);
    claim(node, 'pod-1', new CodedError('pod-eni-malformed', { detail: 'it is not JSON' }));
    expect(told(node)).toEqual({ 'pod-1': 'pod-eni-malformed' });
  });

  it('tags tell trunk and VLAN id where EC2 tells no association, and count for nothing where it does', () => {
    const node = eksNode();
    node.match('pod-1', web);
    const { id } = node.giveBranch('pod-1', web);
    const place = { trunk: trunkOf(node), vlan: 1 };
    const [made] = node.branches;
    if (made === undefined) throw new Error('no branch');
    const { association: _, ...bare } = made;
    const tags = { [eksTags.trunk]: place.trunk, [eksTags.vlan]: '1' };
    node.branches = [{ ...bare, tags }];
    expect(told(node)).toEqual({});
    expect(branchesOf(node)).toMatchObject([{ id, ...place }]);
    node.branches = [{ ...bare, tags: { ...tags, [eksTags.vlan]: '0x1' } }];
    node.nowMs += 15_000;
    node.converge();
    expect(branchesOf(node)).toBeUndefined();
    node.branches = [{ ...bare, tags, association: { ...place, vlan: 2 } }];
    expect(told(node)).toEqual({ 'pod-1': 'pod-eni-mismatch' });
  });

  it('an interface that several pods claim is nobody’s, unless one of them has it already', () => {
    const node = eksNode();
    node.match('pod-1', web);
    node.match('pod-2', web);
    claim(node, 'pod-1', node.giveBranch('pod-2', web));
    expect(told(node)).toEqual({ 'pod-1': 'pod-eni-mismatch', 'pod-2': 'pod-eni-mismatch' });
    node.pods.delete('pod-1');
    expect(told(node)).toEqual({});
    node.match('pod-1', web);
    const its = node.pods.get('pod-2')?.eni;
    if (its !== undefined) claim(node, 'pod-1', its);
    expect(told(node)).toEqual({ 'pod-1': 'pod-eni-mismatch' });
    expect(branchesOf(node)).toMatchObject([{ pod: 'pod-2' }]);
  });
});

describe('a pod that runs on a branch', () => {
  const running = (): SimulatedNode => {
    const node = eksNode();
    node.match('pod-1', web);
    node.giveBranch('pod-1', web);
    node.converge();
    node.runAgent();
    return node;
  };

  it('keeps it though EC2 does not show it, its annotation changes or the mode does', () => {
    const node = running();
    const before = branchesOf(node);
    const { branches } = node;
    node.branches = [];
    claim(node, 'pod-1', new CodedError('pod-eni-malformed', { detail: 'test' }));
    expect(told(node)).toEqual({});
    node.mode = 'shared';
    expect(told(node)).toEqual({});
    node.branches = branches;
    expect(told(node)).toEqual({});
    expect(branchesOf(node)).toEqual(before);
  });

  it('is judged by the groups that EC2 enforces, and says that it asks for others', () => {
    const node = running();
    change(node, branchesOf(node)?.[0]?.id ?? '', { groups: [db] });
    expect(told(node)).toEqual({ 'pod-1': 'groups-mismatch' });
    expect(setsOf(node)).toMatchObject([{ groups: [db], pods: ['pod-1'] }]);
    expect(branchesOf(node)).toMatchObject([{ groups: [db] }]);
  });

  it.each(['eks', 'shared'] as const)('is found again in the mode %s when the record was lost', (mode) => {
    const node = running();
    const before = branchesOf(node);
    node.mode = mode;
    node.record = undefined;
    node.converge();
    node.runAgent();
    node.converge();
    expect(branchesOf(node)).toEqual(before);
  });

  it('loses it when EKS’s controller has taken the trunk away', () => {
    const node = running();
    node.interfaces = node.interfaces.filter(({ interfaceType }) => interfaceType !== 'trunk');
    node.converge();
    expect(node.record?.spec.interfaces).toHaveLength(1);
    expect(node.record?.spec).not.toHaveProperty('branches');
  });
});

describe('a change of the mode', () => {
  it('leaves pods of shared interfaces where they are, and gives those interfaces back when they have gone', () => {
    const node = new SimulatedNode();
    node.ask('pod-1', web);
    node.converge();
    node.runAgent();
    const wired = node.pods.get('pod-1')?.address;
    node.mode = 'eks';
    node.giveTrunk();
    node.match('pod-2', web);
    node.giveBranch('pod-2', web);
    const before = node.done.length;
    node.converge();
    expect(node.done.slice(before)).toEqual([]);
    const shared = node.record?.spec.interfaces.find(({ purpose }) => purpose === 'groups');
    expect(shared?.addresses).toContain(wired);
    expect(setsOf(node)).toMatchObject([{ interfaces: [shared?.id], pods: ['pod-1', 'pod-2'] }]);
    node.pods.delete('pod-1');
    for (let round = 0; round < 4; round++) {
      node.converge();
      node.runAgent();
      node.nowMs += 60_000;
    }
    node.converge();
    expect(setsOf(node)).toMatchObject([{ interfaces: [], pods: ['pod-2'] }]);
    expect(node.interfaces.map(({ interfaceType }) => interfaceType)).toEqual(['interface', 'trunk']);
  });

  it('has a pod that waits for EKS served by a shared interface', () => {
    const node = eksNode();
    node.match('pod-1', web);
    node.converge();
    node.mode = 'shared';
    node.converge();
    expect(setsOf(node)).toMatchObject([{ interfaces: [expect.any(String)], pods: ['pod-1'] }]);
  });
});

describe('a trunk and branches', () => {
  it('are never ours, whatever tags they bear and whatever the mode', () => {
    const node = new SimulatedNode({ interfaces: 4 });
    node.giveTrunk();
    const tags = { 'branchline.dev/instance': 'i-0123456789abcdef0', 'branchline.dev/set': setKey([nodeGroup]) };
    node.interfaces = node.interfaces.map((seen) => (seen.interfaceType === 'trunk' ? { ...seen, tags } : seen));
    node.ask('pod-1', nodeGroup);
    for (let round = 0; round < 4; round++) {
      node.converge();
      node.runAgent();
      node.pods.clear();
      node.nowMs += 60_000;
    }
    expect(node.interfaces.filter(({ interfaceType }) => interfaceType === 'trunk')).toHaveLength(1);
    expect(node.record?.spec.interfaces).toHaveLength(1);
  });
});
