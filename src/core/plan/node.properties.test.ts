import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { setKey } from '../groups/set-key.ts';
import { SimulatedNode } from './testing/simulated-node.ts';

const groups = ['sg-0000000000000000a', 'sg-0000000000000000b', 'sg-0000000000000000c'];
const request = fc.subarray(groups);
const uid = fc.integer({ min: 0, max: 11 }).map((number) => `pod-${number}`);

/** What happens to a node, in any order. */
const happening = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('ask' as const), uid, request }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('leave' as const), uid }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('step' as const), carriedOut: fc.integer({ min: 0, max: 4 }) }),
  },
  fc.record({ kind: fc.constantFrom('agent' as const, 'crash' as const, 'ec2' as const) }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1000, 30_000, 61_000) }),
  fc.record({ kind: fc.constant('mode' as const), mode: fc.constantFrom('shared' as const, 'eks' as const) }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('branch' as const), uid }) },
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

function happen(node: SimulatedNode, event: Happening): void {
  switch (event.kind) {
    case 'ask':
      if (!node.pods.has(event.uid)) node.ask(event.uid, ...event.request);
      return;
    case 'leave':
      node.pods.delete(event.uid);
      return;
    case 'step': {
      // The controller dies after so many actions.
      let left = event.carriedOut;
      node.step(() => left-- > 0);
      return;
    }
    case 'agent':
      return node.runAgent();
    case 'crash':
      return node.crash();
    case 'ec2':
      return node.endTransitions();
    case 'wait':
      node.nowMs += event.ms;
      return;
    case 'mode':
      node.mode = event.mode;
      return;
    case 'branch': {
      const pod = node.pods.get(event.uid);
      const hasRoom = hasTrunk(node) || node.giveTrunk() !== undefined;
      if (!hasRoom || pod?.demand.kind !== 'groups' || pod.eni !== undefined) return;
      node.giveBranch(event.uid, ...pod.demand.groups);
    }
  }
}

/** Whether EKS's controller has a trunk there. */
const hasTrunk = ({ interfaces }: SimulatedNode): boolean =>
  interfaces.some(({ interfaceType }) => interfaceType === 'trunk');

const scenario = fc.record({
  interfaces: fc.integer({ min: 1, max: 5 }),
  addressesPerInterface: fc.integer({ min: 2, max: 6 }),
  freeAddresses: fc.oneof(fc.constant(4000), fc.integer({ min: 1, max: 40 })),
  events: fc.array(happening, { maxLength: 40 }),
});

describe('plans, whatever happens and wherever a controller dies', () => {
  it('come to an end, after which nothing is left to plan', () => {
    fc.assert(
      fc.property(scenario, ({ events, ...options }) => {
        const node = new SimulatedNode(options);
        for (const event of events) happen(node, event);
        node.converge();
        expect(node.plan().actions).toEqual([]);
      }),
    );
  });

  it('give a pod only interfaces that have exactly its groups', () => {
    fc.assert(
      fc.property(scenario, ({ events, ...options }) => {
        const node = new SimulatedNode(options);
        for (const event of events) {
          happen(node, event);
          const { spec } = node.plan();
          const named = spec.sets.flatMap(({ pods }) => pods);
          expect(new Set(named).size).toBe(named.length);
          for (const set of spec.sets) {
            expect(set.key).toBe(setKey(set.groups));
            for (const id of set.interfaces) {
              const serving = spec.interfaces.find((each) => each.id === id);
              expect(serving).toMatchObject({ purpose: 'groups', groups: set.groups });
            }
            for (const pod of set.pods) expect(node.pods.get(pod)?.demand).toMatchObject({ kind: 'groups' });
          }
          for (const { pod, id, groups: has } of spec.branches ?? []) {
            expect(node.pods.get(pod)?.eni).toMatchObject({ id });
            expect(spec.sets.find(({ pods }) => pods.includes(pod))?.groups).toEqual(has);
          }
        }
      }),
    );
  });

  it('leave no interface behind when the pods have gone', () => {
    fc.assert(
      fc.property(scenario, ({ events, ...options }) => {
        const node = new SimulatedNode(options);
        for (const event of events) happen(node, event);
        node.pods.clear();
        for (let round = 0; round < 6; round++) {
          node.converge();
          node.runAgent();
          node.nowMs += 60_000;
        }
        node.converge();
        expect(node.interfaces.filter(({ interfaceType }) => interfaceType !== 'trunk')).toHaveLength(1);
        expect(node.record?.spec.sets).toEqual([]);
        expect(node.record?.spec.branches).toBeUndefined();
      }),
    );
  });

  it('serve every pod or say why not', () => {
    fc.assert(
      fc.property(scenario, ({ events, ...options }) => {
        const node = new SimulatedNode(options);
        for (const event of events) happen(node, event);
        // What idles gives its slot back meanwhile.
        for (let round = 0; round < 6; round++) {
          node.converge();
          node.runAgent();
          node.nowMs += 60_000;
        }
        const { problems } = node.converge();
        const told = new Set(problems.map((problem) => problem.uid));
        for (const [id, { demand, address }] of node.pods) {
          if (demand.kind === 'groups') expect(address !== undefined || told.has(id), id).toBe(true);
        }
      }),
    );
  });

  it('keep no interface that no pod needs', () => {
    fc.assert(
      fc.property(scenario, ({ events, ...options }) => {
        const node = new SimulatedNode(options);
        for (const event of events) happen(node, event);
        for (let round = 0; round < 6; round++) {
          node.converge();
          node.runAgent();
          node.nowMs += 60_000;
        }
        node.converge();
        const [, ...others] = node.interfaces;
        const ours = others.filter(({ interfaceType }) => interfaceType !== 'trunk');
        const used = new Set([...node.pods.values()].map(({ address }) => address));
        for (const [, own] of Map.groupBy(ours, ({ groups: has }) => setKey(has))) {
          const empty = own.filter(({ addresses }) => !addresses.some((address) => used.has(address)));
          expect(empty.length === 0 || own.length === 1, own.map(({ id }) => id).join()).toBe(true);
        }
      }),
    );
  });
});
