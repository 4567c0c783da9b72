import { describe, expect, it } from 'vitest';

import type { Machine } from './machine.ts';
import { planReap } from './plan-reap.ts';
import type { Registry } from './registry.ts';

const registry = (parts: Partial<Registry> = {}): Registry => ({
  processes: [],
  netns: [],
  cgroups: [],
  files: [],
  ...parts,
});
const machine = (parts: Partial<Machine> = {}): Machine => ({
  bootId: 'boot-1',
  stateDir: '/state',
  processes: [],
  netns: [],
  cgroups: [],
  mounts: [],
  files: [],
  ...parts,
});
const plan = (parts: { registry?: Partial<Registry>; machine?: Partial<Machine>; spare?: readonly number[] }) =>
  planReap({
    registry: registry(parts.registry),
    machine: machine(parts.machine),
    spare: new Set(parts.spare ?? []),
  });

describe('planReap', () => {
  it('kills what was started, newest first', () => {
    const processes = [
      { name: 'etcd', pid: 10, startTime: 100, bootId: 'boot-1' },
      { name: 'kubelet', pid: 20, startTime: 200, bootId: 'boot-1' },
    ];
    const { kill } = plan({
      registry: { processes },
      machine: { processes: processes.map(({ pid, startTime }) => ({ pid, startTime, netns: 1, program: 'p' })) },
    });
    expect(kill.map(({ why }) => why)).toEqual(['started as kubelet', 'started as etcd']);
  });

  it('leaves a process alone that has only the pid of one of ours', () => {
    const processes = [{ name: 'etcd', pid: 10, startTime: 100, bootId: 'boot-1' }];
    const other = { pid: 10, startTime: 101, netns: 1, program: 'p' };
    expect(plan({ registry: { processes }, machine: { processes: [other] } }).kill).toEqual([]);
  });

  it('believes no pid of another boot', () => {
    const processes = [{ name: 'etcd', pid: 10, startTime: 100, bootId: 'boot-0' }];
    const same = { pid: 10, startTime: 100, netns: 1, program: 'p' };
    expect(plan({ registry: { processes }, machine: { processes: [same] } }).kill).toEqual([]);
  });

  it('finds shims by the namespace and processes of pods by the cgroup, whoever started them', () => {
    const { kill } = plan({
      machine: {
        processes: [
          { pid: 30, startTime: 300, netns: 7, program: 'p' },
          { pid: 40, startTime: 400, netns: 8, program: 'p' },
          { pid: 50, startTime: 500, netns: 1, program: 'p' },
        ],
        netns: [{ name: 'node-1', inode: 7 }],
        cgroups: [{ path: '/sys/fs/cgroup/brl-lab', pids: [40], folders: ['/sys/fs/cgroup/brl-lab'] }],
      },
    });
    expect(kill.map(({ pid, why }) => [pid, why])).toEqual([
      [40, 'in the cgroup /sys/fs/cgroup/brl-lab'],
      [30, 'in the network namespace node-1'],
    ]);
  });

  it('finds what runs a program of the lab’s own folder, and no other', () => {
    const runs = (pid: number, program: string) => ({ pid, startTime: pid, netns: 1, program });
    const processes = [runs(60, '/state/bin/kubectl'), runs(61, 'kubectl'), runs(62, '/state-of-another/bin/kubectl')];
    expect(plan({ machine: { processes } }).kill.map(({ pid }) => pid)).toEqual([60]);
  });

  it('spares the process that reaps, even while it is inside a namespace of the lab', () => {
    const inside = { pid: 30, startTime: 300, netns: 7, program: 'p' };
    const parts = { machine: { processes: [inside], netns: [{ name: 'node-1', inode: 7 }] }, spare: [30] };
    expect(plan(parts).kill).toEqual([]);
  });

  it('takes nothing else away while a process of the lab lives', () => {
    const parts = {
      machine: {
        processes: [{ pid: 30, startTime: 300, netns: 7, program: 'p' }],
        netns: [{ name: 'node-1', inode: 7 }],
        cgroups: [{ path: '/c/brl-lab', pids: [], folders: ['/c/brl-lab'] }],
        mounts: ['/state/a'],
      },
    };
    expect(plan(parts)).toMatchObject({ unmount: [], deleteNetns: [], removeCgroups: [] });
  });

  it('then unmounts, deletes namespaces and removes cgroups from the deepest up', () => {
    const parts = {
      machine: {
        netns: [
          { name: 'node-1', inode: 7 },
          { name: 'never-mounted', inode: undefined },
        ],
        cgroups: [{ path: '/c/brl-lab', pids: [], folders: ['/c/brl-lab/node/pod', '/c/brl-lab/node', '/c/brl-lab'] }],
        mounts: ['/state/a/b', '/state/a'],
        files: ['/clone/.lab/env'],
      },
    };
    expect(plan(parts)).toEqual({
      kill: [],
      removeFiles: ['/clone/.lab/env'],
      unmount: ['/state/a/b', '/state/a'],
      deleteNetns: [
        { name: 'node-1', mounted: true },
        { name: 'never-mounted', mounted: false },
      ],
      removeCgroups: ['/c/brl-lab/node/pod', '/c/brl-lab/node', '/c/brl-lab'],
    });
  });
});
