import { afterEach, describe, expect, it } from 'vitest';

import { setKey } from '../../core/groups/set-key.ts';
import { resources } from '../../kube/resources.ts';
import { type ControllerWorld, controllerWorld } from '../testing/controller-world.ts';
import { policyDefinition } from './policy-definition.ts';

const web = { matchLabels: { app: 'web' } };
const groups = (...groupIds: readonly string[]) => ({ securityGroups: { groupIds } });

describe('policies in a cluster', () => {
  const worlds: ControllerWorld[] = [];
  const started = async (): Promise<ControllerWorld> => {
    const world = controllerWorld();
    worlds.push(world);
    world.start();
    await world.switchOn();
    await world.addNode('node-1');
    return world;
  };
  afterEach(async () => {
    await Promise.all(worlds.splice(0).map((world) => world.stopAll()));
  });
  const members = (world: ControllerWorld, group: string) =>
    world.record('node-1').spec.sets.find(({ key }) => key === setKey([group]))?.pods;

  it('give pods their groups, by the labels of the pods and of their service accounts', async () => {
    const world = await started();
    const accounts = [{ name: 'default' }, { name: 'reader', labels: { team: 'a' } }];
    for (const account of accounts) {
      await world.kube.create(resources.serviceAccounts, { metadata: { ...account, namespace: 'default' } });
    }
    await world.addPolicy('web', { podSelector: web, ...groups(world.groups.web) });
    await world.addPolicy('readers', {
      serviceAccountSelector: { matchExpressions: [{ key: 'team', operator: 'In', values: ['a'] }] },
      ...groups(world.groups.db),
    });
    const one = await world.addPod({ name: 'one', node: 'node-1', labels: { app: 'web' } });
    const two = await world.addPod({ name: 'two', node: 'node-1', serviceAccount: 'reader' });
    await world.addPod({ name: 'plain', node: 'node-1' });
    await world.settle();
    expect(members(world, world.groups.web)).toEqual([one.metadata.uid]);
    expect(members(world, world.groups.db)).toEqual([two.metadata.uid]);
    expect(world.record('node-1').spec.sets).toHaveLength(2);
    expect(world.events()).toEqual([]);
  });

  it('that come later move pods that wait, and are told to those that run', async () => {
    const world = await started();
    const pod = await world.addPod({ name: 'web', node: 'node-1', labels: { app: 'web' } });
    await world.settle();
    await world.addPolicy('web', { podSelector: web, ...groups(world.groups.web) });
    await world.settle();
    expect(members(world, world.groups.web)).toEqual([pod.metadata.uid]);
    const address = world.record('node-1').spec.interfaces.find(({ purpose }) => purpose === 'groups')?.addresses[0];
    await world.setPodIp('web', address ?? '');
    await world.settle();
    await world.kube.delete(resources.securityGroupPolicies, { name: 'web', namespace: 'default' });
    await world.settle();
    expect(members(world, world.groups.web)).toEqual([pod.metadata.uid]);
    expect(world.condition('web')).toMatchObject({ status: 'False', reason: 'GroupsMismatch' });
    await world.addPolicy('web', { podSelector: web, ...groups(world.groups.web) });
    await world.settle();
    expect(world.condition('web')).toMatchObject({ status: 'True' });
  });

  it('leave no pod with the node’s groups that one may mean which cannot be read, and say so on both', async () => {
    const world = await started();
    const podSelector = { ...web, matchExpressions: [{ key: 'tier', operator: 'Is', values: ['1'] }] };
    await world.addPolicy('broken', { podSelector, ...groups(world.groups.web) });
    await world.addPod({ name: 'web', node: 'node-1', labels: { app: 'web' } });
    await world.addPod({ name: 'other', node: 'node-1' });
    await world.settle();
    expect(world.record('node-1').spec.sets).toEqual([]);
    expect(world.events().toSorted()).toEqual(['Pod/web PolicyInvalid', 'SecurityGroupPolicy/broken PolicyInvalid']);
    expect(world.condition('web')).toMatchObject({ status: 'False', reason: 'PolicyInvalid' });
    expect(world.condition('other')).toBeUndefined();
  });

  it('refuse an annotation beside them until one of the two is gone', async () => {
    const world = await started();
    await world.addPolicy('web', { podSelector: web, ...groups(world.groups.web) });
    const pod = await world.addPod({ name: 'web', node: 'node-1', labels: { app: 'web' }, groups: world.groups.db });
    await world.settle();
    expect(world.condition('web')).toMatchObject({ status: 'False', reason: 'AnnotationAgainstPolicy' });
    expect(world.record('node-1').spec.sets).toEqual([]);
    await world.kube.delete(resources.securityGroupPolicies, { name: 'web', namespace: 'default' });
    await world.settle();
    expect(members(world, world.groups.db)).toEqual([pod.metadata.uid]);
  });

  it('that ask about a service account wait for it', async () => {
    const world = await started();
    await world.addPolicy('readers', { serviceAccountSelector: {}, ...groups(world.groups.web) });
    const pod = await world.addPod({ name: 'one', node: 'node-1', serviceAccount: 'reader' });
    await world.settle();
    expect(world.condition('one')).toMatchObject({ reason: 'ServiceAccountUnknown' });
    await world.kube.create(resources.serviceAccounts, { metadata: { name: 'reader', namespace: 'default' } });
    await world.settle();
    expect(members(world, world.groups.web)).toEqual([pod.metadata.uid]);
  });
});

describe('the definition of policies', () => {
  const worlds: ControllerWorld[] = [];
  const world = (): ControllerWorld => {
    const made = controllerWorld();
    worlds.push(made);
    return made;
  };
  afterEach(async () => {
    await Promise.all(worlds.splice(0).map((each) => each.stopAll()));
  });
  const definitions = ({ kube }: ControllerWorld) => kube.objects(resources.customResourceDefinitions);

  it('is made where there is none, also after a refusal', async () => {
    const here = world();
    here.kube.failNext('kube-refused', { verb: 'create', resource: resources.customResourceDefinitions });
    here.start();
    await here.settle();
    expect(definitions(here)).toMatchObject([policyDefinition]);
  });

  it('is left alone where there is one', async () => {
    const here = world();
    const theirs = { ...policyDefinition, spec: { of: 'somebody else' } };
    await here.kube.create(resources.customResourceDefinitions, theirs);
    here.start();
    await here.settle();
    expect(definitions(here)).toMatchObject([theirs]);
    const verbs = here.kube.calls.filter(({ resource }) => resource.plural === 'customresourcedefinitions');
    expect(verbs.map(({ verb }) => verb)).toEqual(['create', 'get']);
  });

  it('is absent without a policy, and the controller is ready all the same', async () => {
    const here = world();
    const listing = { verb: 'list', resource: resources.securityGroupPolicies } as const;
    here.kube.failNext('kube-not-found', listing);
    const { controller } = here.start();
    await here.settle();
    expect(controller.isReady()).toBe(true);
  });

  it('that may not be read is no absence: nothing is served before', async () => {
    const here = world();
    const listing = { verb: 'list', resource: resources.securityGroupPolicies } as const;
    for (let count = 0; count < 3; count += 1) here.kube.failNext('kube-refused', listing);
    const { controller } = here.start();
    await here.settle(500);
    expect(controller.isReady()).toBe(false);
    await here.settle(10_000);
    expect(controller.isReady()).toBe(true);
  });
});
