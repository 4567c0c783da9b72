import { describe, expect, it } from 'vitest';

import type { PartStatus } from '../supervisor/supervisor.ts';
import type { LabInstance } from '../vpc.ts';
import { findInstance, findPart } from './names.ts';

const instance = (title: string, last: number): LabInstance => ({
  id: `i-${last}`,
  title,
  name: `ip-10-0-0-${last}.us-west-2.compute.internal`,
  address: `10.0.0.${last}`,
  type: 'm5.large',
  zone: 'us-west-2a',
});
const instances = [instance('node-1', 5), instance('node-2', 6)];
const part = (name: string): PartStatus => ({ name, state: 'running', pid: 1, sinceMs: 0, log: '' });
const parts = [
  part('apiserver'),
  part('etcd'),
  ...instances.flatMap(({ name }) => [part(`kubelet@${name}`), part(`kube-proxy@${name}`)]),
];

describe('the instance that a user means', () => {
  it.each(['node-2', 'i-6', 'ip-10-0-0-6', 'ip-10-0-0-6.us-west-2.compute.internal'])('is found as %s', (text) => {
    expect(findInstance(instances, text).title).toBe('node-2');
  });

  it('must exist; those that do are named', () => {
    expect(() => findInstance(instances, 'node-3')).toThrow(/node-3; it has node-1 \(ip-10-0-0-5.*lab-node-unknown/);
  });
});

describe('the part that a user means', () => {
  it.each([
    ['apiserver', 'apiserver'],
    ['kube-apiserver', 'apiserver'],
    ['kubelet@node-1', 'kubelet@ip-10-0-0-5.us-west-2.compute.internal'],
    ['kube-proxy@ip-10-0-0-6', 'kube-proxy@ip-10-0-0-6.us-west-2.compute.internal'],
    ['proxy@node-1', 'kube-proxy@ip-10-0-0-5.us-west-2.compute.internal'],
  ])('is found: %s', (text, name) => {
    expect(findPart(text, { parts, instances }).name).toBe(name);
  });

  it('must exist, and say its node where each has one', () => {
    expect(() => findPart('dns', { parts, instances })).toThrow('lab-part-unknown');
    expect(() => findPart('kubelet', { parts, instances })).toThrow('kubelet@NODE');
    expect(() => findPart('kubelet@node-9', { parts, instances })).toThrow('lab-node-unknown');
  });
});
