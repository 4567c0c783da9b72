import { describe, expect, it } from 'vitest';

import { machineFiles, memTotalKib } from './machine-view.ts';

const cpus = (files: Readonly<Record<string, string>>): number =>
  Object.keys(files).filter((path) => /^cpu\/cpu\d+\//.test(path)).length;

describe('the machine that a node sees', () => {
  it('has as many CPUs as its instance type, however many this machine has', () => {
    expect(cpus(machineFiles('t2.micro'))).toBe(1);
    expect(machineFiles('t2.micro')['cpu/online']).toBe('0\n');
    expect(cpus(machineFiles('c5.24xlarge'))).toBe(96);
    expect(machineFiles('c5.24xlarge')['cpu/online']).toBe('0-95\n');
  });

  it('shows no topology of them: the kubelet would bind cgroups to CPUs that are not there', () => {
    expect(Object.keys(machineFiles('m5.large')).filter((path) => path.includes('topology'))).toEqual([]);
  });

  it('has the type’s memory less what firmware and kernel keep, and no swap', () => {
    expect(machineFiles('m5.large')['meminfo']).toBe(
      [
        'MemTotal:        8002847 kB',
        'MemFree:         8002847 kB',
        'MemAvailable:    8002847 kB',
        'SwapTotal:             0 kB',
        'SwapFree:              0 kB',
        '',
      ].join('\n'),
    );
  });

  it.each([
    [2, 1_947_072],
    [4, 3_931_728],
    [8, 8_006_060],
    [32, 32_332_248],
    [384, 390_834_728],
    [1024, 1_056_600_096],
  ])('has within two percent what a node of %i GiB on EKS has reported', (gib, reportedKib) => {
    const kib = memTotalKib({ vcpus: 2, memoryMib: gib * 1024 });
    expect(Math.abs(kib / reportedKib - 1)).toBeLessThan(0.02);
  });

  it('runs the operating system of EKS’s nodes', () => {
    expect(machineFiles('m5.large')['os-release']).toMatch(/^PRETTY_NAME="Amazon Linux 2023\.\d+\.\d+"$/m);
  });
});
