import { describe, expect, it } from 'vitest';

import type { LabStatus } from '../../../lab/status.ts';
import { renderStatus } from './status.ts';

const startedMs = Date.UTC(2026, 0, 1);
const starting: LabStatus = {
  name: 'lab',
  pid: 10,
  root: '/clone',
  startedMs,
  ready: false,
  files: { kubeconfig: '/state/kubeconfig', logs: '/state/logs', environment: '/clone/.lab/env', control: '/run/sock' },
  parts: [{ name: 'cloud', state: 'running', pid: 11, sinceMs: startedMs, log: '/state/logs/cloud.log' }],
  instances: [],
};
const node = 'ip-10-0-0-5.us-west-2.compute.internal';

describe('`lab status`', () => {
  it('says that a lab is starting, and what it has until then', () => {
    expect(renderStatus(starting, startedMs + 5000)).toBe(
      [
        'Lab "lab", process 10, is starting, since 2026-01-01T00:00:00.000Z (5s) from /clone',
        '',
        'PART    STATE     PID   SINCE   HOW IT ENDED',
        'cloud   running   11    5s',
        '',
        'kubeconfig      /state/kubeconfig',
        'logs            /state/logs',
        'shell exports   /clone/.lab/env',
      ].join('\n'),
    );
  });

  it('names parts as they can be typed, and shows how a dead one ended', () => {
    const status: LabStatus = {
      ...starting,
      ready: true,
      endpoints: { ec2: 'http://127.0.0.1:1', apiServer: 'https://127.0.0.1:2' },
      parts: [
        {
          name: `kubelet@${node}`,
          state: 'dead',
          pid: 12,
          sinceMs: startedMs,
          log: '',
          end: 'was ended by SIGKILL',
        },
      ],
      instances: [
        {
          id: 'i-1',
          title: 'node-1',
          name: node,
          address: '10.0.0.5',
          type: 'm5.large',
          zone: 'us-west-2a',
          netns: node,
          enter: [],
          node: 'NotReady',
          cordoned: true,
        },
      ],
    };
    const lines = renderStatus(status, startedMs + 1000).split('\n');
    expect(lines).toContain('kubelet@node-1   dead    -     1s      was ended by SIGKILL');
    expect(lines.find((line) => line.startsWith('node-1'))).toContain('NotReady,SchedulingDisabled');
    expect(lines).toContain('EC2             http://127.0.0.1:1');
  });
});
