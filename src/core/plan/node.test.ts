import { describe, expect, it } from 'vitest';

import { CodedError } from '../errors/coded-error.ts';
import { setKey } from '../groups/set-key.ts';
import { planNode } from './node.ts';
import { SimulatedNode, home, nodeGroup } from './testing/simulated-node.ts';

const web = 'sg-0000000000000000a';
const db = 'sg-0000000000000000b';
const cache = 'sg-0000000000000000c';

const kinds = (node: SimulatedNode): readonly string[] => node.done.map(({ kind }) => kind);
const serving = (node: SimulatedNode, ...groups: readonly string[]) =>
  node.record?.spec.interfaces.filter(
    ({ purpose, groups: has }) => purpose === 'groups' && has.join() === groups.join(),
  );

describe('planNode', () => {
  it('fills the node’s own interface with all that its type takes', () => {
    const node = new SimulatedNode({ addressesPerInterface: 10 });
    node.converge();
    expect(node.done).toMatchObject([{ kind: 'assign-addresses', count: 9 }]);
    expect(node.record?.spec.interfaces).toMatchObject([{ purpose: 'node', groups: [nodeGroup], gateway: '10.0.0.1' }]);
  });

  it('takes no more than the subnet has', () => {
    const node = new SimulatedNode({ addressesPerInterface: 10, freeAddresses: 6 });
    node.converge();
    expect(node.done).toMatchObject([{ kind: 'assign-addresses', count: 5 }]);
  });

  it('announces a set in the record before it spends its client token', () => {
    const node = new SimulatedNode();
    node.ask('pod-1', web);
    const first = node.step();
    expect(first.actions.map(({ kind }) => kind)).toEqual(['assign-addresses']);
    expect(node.record?.spec.sets).toMatchObject([{ key: setKey([web]), interfaces: [], pods: ['pod-1'] }]);
    expect(node.plan().actions.map(({ kind }) => kind)).toEqual(['create-interface']);
  });

  it('makes one interface for all pods of a set, with an address for each and one more', () => {
    const node = new SimulatedNode();
    for (const uid of ['pod-1', 'pod-2', 'pod-3']) node.ask(uid, db, web);
    node.converge();
    expect(kinds(node).filter((kind) => kind === 'create-interface')).toHaveLength(1);
    const [only, ...others] = serving(node, web, db) ?? [];
    expect(others).toEqual([]);
    expect(only?.addresses).toHaveLength(4);
    expect(node.record?.spec.sets).toMatchObject([{ interfaces: [only?.id], pods: ['pod-1', 'pod-2', 'pod-3'] }]);
  });

  it('asks for an interface with a token that says what it is for', () => {
    const node = new SimulatedNode();
    node.ask('pod-1', web);
    node.step();
    const [action] = node.plan().actions;
    expect(action).toMatchObject({
      kind: 'create-interface',
      subnet: home.id,
      groups: [web],
      secondaryAddresses: 2,
      tags: {
        'branchline.dev/instance': 'i-0123456789abcdef0',
        'branchline.dev/set': setKey([web]),
        'node.k8s.amazonaws.com/no_manage': 'true',
      },
    });
    expect(action?.kind === 'create-interface' && action.clientToken).toMatch(
      /^i-0123456789abcdef0-[0-9a-f]{16}-1-[0-9a-f]{12}$/,
    );
  });

  it('plans no call for a pod that joins a set with a warm address, beyond making the next one warm', () => {
    const node = new SimulatedNode();
    node.ask('pod-1', web);
    node.converge();
    node.ask('pod-2', web);
    const plan = node.plan();
    expect(plan.actions).toMatchObject([{ kind: 'assign-addresses', count: 1 }]);
    expect(plan.spec.sets).toMatchObject([{ pods: ['pod-1', 'pod-2'] }]);
  });

  it('makes a second interface for a set that outgrows one', () => {
    const node = new SimulatedNode({ interfaces: 4, addressesPerInterface: 4 });
    for (let index = 0; index < 5; index++) node.ask(`pod-${index}`, web);
    node.converge();
    expect(serving(node, web)).toHaveLength(2);
    expect(node.plan().problems).toEqual([]);
  });

  it('tells the pods of a set for which the instance has no slot, and no others', () => {
    const node = new SimulatedNode({ interfaces: 2 });
    node.ask('pod-1', web);
    node.converge();
    node.ask('pod-2', db);
    const plan = node.converge();
    expect(plan.problems.map(({ uid, error }) => [uid, error.code])).toEqual([['pod-2', 'interface-slots-exhausted']]);
    expect(serving(node, db)).toEqual([]);
  });

  it('tells pods beyond the addresses that the instance takes', () => {
    const node = new SimulatedNode({ interfaces: 2, addressesPerInterface: 4 });
    for (let index = 0; index < 4; index++) node.ask(`pod-${index}`, web);
    const { problems } = node.converge();
    expect(problems.map(({ error }) => error.code)).toEqual(['addresses-exhausted']);
  });

  it('tells pods of a full subnet', () => {
    const node = new SimulatedNode({ freeAddresses: 1 });
    node.ask('pod-1', web);
    node.ask('pod-2');
    expect(node.converge().problems.map(({ uid, error }) => [uid, error.code])).toEqual([
      ['pod-1', 'subnet-full'],
      ['pod-2', 'subnet-full'],
    ]);
  });

  it('goes to the roomiest tagged subnet of the zone when the node’s own is full', () => {
    const node = new SimulatedNode({ freeAddresses: 1 });
    node.ask('pod-1', web);
    node.step();
    const roles = { 'kubernetes.io/role/cni': '1' };
    const subnets = [
      ...node.snapshot().subnets,
      { id: 'subnet-untagged', zone: home.zone, cidr: '10.1.0.0/20', freeAddresses: 4000, tags: {} },
      { id: 'subnet-elsewhere', zone: 'us-west-2b', cidr: '10.2.0.0/20', freeAddresses: 4000, tags: roles },
      { id: 'subnet-small', zone: home.zone, cidr: '10.3.0.0/24', freeAddresses: 9, tags: roles },
      { id: 'subnet-large', zone: home.zone, cidr: '10.4.0.0/20', freeAddresses: 3000, tags: roles },
    ];
    const plan = planNode({ ...node.snapshot(), subnets });
    expect(plan instanceof CodedError || plan.actions).toMatchObject([
      { kind: 'create-interface', subnet: 'subnet-large' },
    ]);
  });

  it('leaves a wired pod where its address is and says that it wants to be elsewhere', () => {
    const node = new SimulatedNode();
    node.ask('pod-1', web);
    node.converge();
    node.runAgent();
    const wired = node.pods.get('pod-1');
    node.pods.set('pod-1', { ...wired, demand: { kind: 'groups', groups: [db], from: 'pod' } });
    const plan = node.converge();
    expect(plan.spec.sets).toMatchObject([{ groups: [web], pods: ['pod-1'] }]);
    expect(plan.problems).toMatchObject([{ uid: 'pod-1', error: { code: 'groups-mismatch' } }]);
  });

  it('moves a pod that waits still to the set that it asks for now', () => {
    const node = new SimulatedNode();
    node.ask('pod-1', web);
    node.converge();
    node.ask('pod-1', db);
    expect(node.converge().spec.sets.filter(({ pods }) => pods.length > 0)).toMatchObject([
      { groups: [db], pods: ['pod-1'] },
    ]);
  });

  it('keeps a running pod whose request is refused by now, and gives a new one nothing', () => {
    const node = new SimulatedNode();
    node.ask('pod-1', web);
    node.converge();
    node.runAgent();
    const refused = { kind: 'refused', error: new CodedError('pod-groups-disabled', { detail: 'test' }) } as const;
    node.pods.set('pod-1', { ...node.pods.get('pod-1'), demand: refused });
    node.pods.set('pod-2', { demand: refused });
    const plan = node.converge();
    expect(plan.spec.sets).toMatchObject([{ pods: ['pod-1'] }]);
    expect(plan.problems).toEqual([{ uid: 'pod-2', error: refused.error }]);
    const against = new CodedError('annotation-against-policy', { detail: 'test' });
    node.pods.set('pod-1', { ...node.pods.get('pod-1'), demand: { kind: 'refused', error: against } });
    expect(node.plan().problems).toContainEqual({ uid: 'pod-1', error: against });
  });

  it('says instance-unknown of an instance without a primary interface', () => {
    expect(planNode({ ...new SimulatedNode().snapshot(), interfaces: [] })).toMatchObject({ code: 'instance-unknown' });
  });

  it('leaves alone what somebody else has attached, and counts its slot', () => {
    const node = new SimulatedNode({ interfaces: 3 });
    const [primary] = node.interfaces;
    if (primary?.attachment === undefined) throw new Error('no primary');
    const foreign = {
      ...primary,
      id: 'eni-foreign',
      attachment: { ...primary.attachment, id: 'attach-foreign', deviceIndex: 1 },
    };
    node.interfaces = [...node.interfaces, foreign];
    node.ask('pod-1', web);
    node.ask('pod-2', db);
    const plan = node.converge();
    expect(plan.problems.map(({ error }) => error.code)).toEqual(['interface-slots-exhausted']);
    expect(node.record?.spec.interfaces.map(({ deviceIndex }) => deviceIndex)).toEqual([0, 2]);
    expect(node.interfaces).toContainEqual(foreign);
  });
});

describe('the end of a set’s interface', () => {
  const idle = (options: ConstructorParameters<typeof SimulatedNode>[0] = {}): SimulatedNode => {
    const node = new SimulatedNode(options);
    node.ask('pod-1', web);
    node.converge();
    node.runAgent();
    node.pods.delete('pod-1');
    node.converge();
    return node;
  };

  it('comes only after a time without pods', () => {
    const node = idle();
    node.runAgent();
    expect(node.plan()).toMatchObject({ actions: [], againMs: 60_000, idle: [serving(node, web)?.[0]?.id] });
    node.nowMs += 59_999;
    expect(node.plan().spec.interfaces).toHaveLength(2);
    node.nowMs += 1;
    node.converge();
    expect(node.record?.spec).toMatchObject({ sets: [], interfaces: [{}, {}] });
    node.runAgent();
    expect(node.plan().spec.interfaces).toHaveLength(1);
  });

  it('does not come while the agent has addresses of it in use, or has not seen the record', () => {
    const node = idle();
    node.nowMs += 600_000;
    node.converge();
    expect(node.plan().spec.interfaces).toHaveLength(2);
    const { record } = node;
    if (record === undefined) throw new Error('no record');
    const [held] = serving(node, web)?.[0]?.addresses ?? [];
    node.runAgent();
    const acks = node.record?.status?.releaseAcks?.filter((address) => address !== held) ?? [];
    const status = { protocol: 1, appliedGeneration: record.generation };
    node.record = { ...record, status: { ...status, releaseAcks: acks } };
    expect(node.plan().spec.interfaces).toHaveLength(2);
    node.record = { ...record, status: { ...status, releaseAcks: [...acks, held ?? ''] } };
    expect(node.plan().spec.interfaces).toHaveLength(1);
  });

  it('waits for the agent to let go of the interface before it is detached', () => {
    const node = idle();
    node.nowMs += 60_000;
    node.converge();
    node.runAgent();
    node.converge();
    expect(node.record?.spec.interfaces).toHaveLength(1);
    expect(kinds(node)).not.toContain('detach-interface');
    node.runAgent();
    node.converge();
    expect(kinds(node).slice(-2)).toEqual(['detach-interface', 'delete-interface']);
  });

  it('comes at once where another set waits for the slot', () => {
    const node = idle({ interfaces: 2 });
    node.runAgent();
    node.ask('pod-2', db);
    for (let round = 0; round < 2; round++) {
      node.converge();
      node.runAgent();
    }
    node.converge();
    expect(serving(node, db)).toHaveLength(1);
  });

  it('comes for one that its set has outgrown, while the other pods stay where they are', () => {
    const node = new SimulatedNode({ addressesPerInterface: 4 });
    for (let index = 0; index < 5; index++) node.ask(`pod-${index}`, web);
    node.converge();
    node.runAgent();
    expect(serving(node, web)).toHaveLength(2);
    const kept = node.pods.get('pod-0')?.address ?? '';
    for (let index = 1; index < 5; index++) node.pods.delete(`pod-${index}`);
    for (let round = 0; round < 4; round++) {
      node.converge();
      node.runAgent();
      node.nowMs += 60_000;
    }
    expect(serving(node, web)).toMatchObject([{ addresses: expect.arrayContaining([kept]) }]);
    expect(node.interfaces).toHaveLength(2);
  });

  it('comes for one that a successor made beside one that EC2 did not show it', () => {
    const node = new SimulatedNode();
    node.ask('pod-1', web);
    node.converge();
    const [known] = serving(node, web) ?? [];
    const twin = node.interfaces.find(({ id }) => id === known?.id);
    if (twin?.attachment === undefined) throw new Error('no interface');
    const attachment = { ...twin.attachment, id: 'attach-twin', deviceIndex: 2 };
    node.interfaces = [...node.interfaces, { ...twin, id: 'eni-twin', attachment, addresses: [] }];
    node.runAgent();
    node.converge();
    expect(node.interfaces.map(({ id }) => id)).not.toContain('eni-twin');
    expect(serving(node, web)).toEqual([known]);
  });

  it('is called off when its set grows again', () => {
    const node = new SimulatedNode({ addressesPerInterface: 4 });
    const ask = (): void => {
      for (let index = 0; index < 5; index++) if (!node.pods.has(`pod-${index}`)) node.ask(`pod-${index}`, web);
    };
    ask();
    node.converge();
    node.runAgent();
    for (let index = 1; index < 5; index++) node.pods.delete(`pod-${index}`);
    node.converge();
    node.runAgent();
    node.nowMs += 60_000;
    node.converge();
    expect(node.record?.spec).toMatchObject({ sets: [{ interfaces: [expect.any(String)] }] });
    expect(serving(node, web)).toHaveLength(2);
    ask();
    node.converge();
    node.runAgent();
    expect([...node.pods.values()].every(({ address }) => address !== undefined)).toBe(true);
    expect(kinds(node)).not.toContain('detach-interface');
  });

  it('is forgotten when a pod of the set comes meanwhile', () => {
    const node = idle();
    node.nowMs += 60_000;
    node.converge();
    node.ask('pod-2', web);
    node.converge();
    expect(serving(node, web)).toHaveLength(1);
    expect(kinds(node).filter((kind) => kind === 'create-interface')).toHaveLength(1);
  });

  it('gives a set that comes back a new generation, so that a spent token never comes again', () => {
    const node = idle();
    for (let round = 0; round < 4; round++) {
      node.runAgent();
      node.nowMs += 60_000;
      node.converge();
    }
    expect(node.interfaces).toHaveLength(1);
    node.ask('pod-2', web);
    node.converge();
    expect(serving(node, web)).toHaveLength(1);
  });

  it('leaves no token behind that a later interface of the set would be asked for with', () => {
    const node = new SimulatedNode({ interfaces: 4, addressesPerInterface: 2 });
    const made = (): number => node.done.filter(({ kind }) => kind === 'create-interface').length;
    node.ask('pod-1', web);
    node.ask('pod-2', web);
    node.step();
    node.step();
    expect(made()).toBe(2);
    node.pods.delete('pod-2');
    node.step();
    expect(kinds(node)).toContain('delete-interface');
    node.ask('pod-2', web);
    // EC2 as it is simulated throws when a spent token comes again.
    node.converge();
    expect(made()).toBe(3);
    expect(serving(node, web)).toHaveLength(2);
  });

  it('comes for one that was made for a slot which another set has taken since', () => {
    const node = new SimulatedNode({ interfaces: 3, addressesPerInterface: 2 });
    node.ask('pod-1', web);
    node.converge();
    node.runAgent();
    node.ask('pod-2', web);
    for (let step = 0; step < 3; step++) node.step(({ kind }) => kind !== 'attach-interface');
    expect(node.interfaces).toHaveLength(3);
    node.ask('pod-3', db);
    const { problems } = node.converge();
    expect(problems.map(({ uid }) => uid)).toEqual(['pod-2']);
    expect(serving(node, db)).toHaveLength(1);
    expect(node.interfaces).toHaveLength(3);
  });

  it('makes another interface for one that somebody has deleted', () => {
    const node = new SimulatedNode();
    node.ask('pod-1', web);
    node.ask('pod-2', cache);
    node.converge();
    const lost = serving(node, web)?.[0]?.id;
    node.interfaces = node.interfaces.filter(({ id }) => id !== lost);
    node.converge();
    expect(serving(node, web)).toHaveLength(1);
    expect(serving(node, web)?.[0]?.id).not.toBe(lost);
  });
});
