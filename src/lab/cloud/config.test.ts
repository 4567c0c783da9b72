import { describe, expect, it } from 'vitest';

import { readConfig } from './config.ts';

describe('the flags of the cloud', () => {
  it('are those of the machine’s one lab by default', () => {
    const { seed, ...config } = readConfig([]);
    expect(seed).toMatch(/^[0-9a-f]{16}$/);
    expect(config).toEqual({
      name: 'lab',
      runDir: '/run/branchline-lab',
      stateDir: '/var/lib/branchline-lab/lab/cloud',
      listen: { host: '127.0.0.1', port: 4566 },
      latency: 'ec2',
      quotas: { groupsPerInterface: 5, interfaces: 5000, trunks: false },
      iamFile: undefined,
      throttle: true,
      longestLagMs: 0,
    });
  });

  it('leave calls uncounted where they take no time, unless asked for', () => {
    expect(readConfig(['--latency', 'fast']).throttle).toBe(false);
    expect(readConfig(['--latency', 'fast', '--throttle']).throttle).toBe(true);
    expect(readConfig(['--no-throttle']).throttle).toBe(false);
  });

  it.each([
    [['--listen', '4566'], '--listen is ADDRESS:PORT'],
    [['--latency', 'slow'], '--latency is one of: fast, ec2'],
    [['--groups-per-interface', '17'], 'EC2 grants no more'],
    [['--longest-lag-ms', '-1'], '--longest-lag-ms'],
    [['--colour'], '--colour'],
  ])('refuse %j', (args, message) => {
    expect(() => readConfig(args)).toThrow(message);
  });
});
