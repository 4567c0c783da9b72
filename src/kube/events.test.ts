import { describe, expect, it } from 'vitest';

import { silentLog } from '../daemon/log.ts';
import { createEventRecorder, type Occurrence, reasonOf } from './events.ts';
import type { Event } from './objects.ts';
import { resources } from './resources.ts';
import { createKubeDouble } from './testing/double.ts';
import { createTestClock } from './testing/test-clock.ts';

describe('an event recorder', () => {
  const pod: Occurrence = {
    about: { apiVersion: 'v1', kind: 'Pod', name: 'web', namespace: 'shop', uid: 'u-1' },
    type: 'Warning',
    reason: reasonOf('groups-not-ready'),
    message: 'the interface is not attached',
  };
  const world = () => {
    const kube = createKubeDouble();
    const clock = createTestClock();
    const warnings: string[] = [];
    const logger = { ...silentLog, warn: (_: object, message: string) => void warnings.push(message) };
    let next = 0;
    const random = (): number => (next += 0.01) % 1;
    const common = { component: 'branchline-controller', instance: 'controller-0' };
    const recorder = createEventRecorder({ kube, clock, random, logger, ...common });
    return { kube, clock, warnings, recorder, events: () => kube.objects<Event>(resources.events) };
  };

  it('writes what kubectl describe shows of an object', async () => {
    const { recorder, events } = world();
    await recorder.record(pod);
    expect(events()).toMatchObject([
      {
        metadata: { namespace: 'shop', name: expect.stringMatching(/^web\.[0-9a-f]{12}$/) as string },
        involvedObject: pod.about,
        type: 'Warning',
        reason: 'GroupsNotReady',
        count: 1,
        firstTimestamp: '2026-01-01T00:00:00Z',
        reportingComponent: 'branchline-controller',
      },
    ]);
  });

  it('counts the same again, and writes the count once in ten seconds at most', async () => {
    const { recorder, events, clock, kube } = world();
    for (let second = 0; second < 25; second += 1) {
      await recorder.record(pod);
      await clock.advance(1_000);
    }
    expect(events()).toMatchObject([{ count: 21, lastTimestamp: '2026-01-01T00:00:20Z' }]);
    expect(kube.calls.map(({ verb }) => verb)).toEqual(['create', 'patch', 'patch']);
  });

  it('keeps apart what differs in object or message', async () => {
    const { recorder, events } = world();
    await recorder.record(pod);
    await recorder.record({ ...pod, message: 'another' });
    await recorder.record({ ...pod, about: { ...pod.about, uid: 'u-2' } });
    expect(events()).toHaveLength(3);
  });

  it('begins a new one after the window, or when the server has dropped the first', async () => {
    const { recorder, events, clock, kube } = world();
    await recorder.record(pod);
    await clock.advance(600_000);
    await recorder.record(pod);
    expect(events().map(({ count }) => count)).toEqual([1, 1]);
    for (const { metadata } of events()) await kube.delete(resources.events, metadata);
    await clock.advance(10_000);
    await recorder.record(pod);
    expect(events().map(({ count }) => count)).toEqual([1]);
  });

  it('puts events of objects without a namespace into default', async () => {
    const { recorder, events } = world();
    await recorder.record({ ...pod, about: { apiVersion: 'v1', kind: 'Node', name: 'node-a' } });
    expect(events()[0]?.metadata.namespace).toBe('default');
  });

  it('logs what it cannot write, fails nobody, and tries anew the next time', async () => {
    const { recorder, events, kube, warnings } = world();
    kube.failNext('kube-unreachable');
    await recorder.record(pod);
    expect(warnings).toEqual(['an event could not be written']);
    await recorder.record(pod);
    expect(events()).toHaveLength(1);
  });

  it('cuts a message to what the server takes', async () => {
    const { recorder, events } = world();
    await recorder.record({ ...pod, message: 'x'.repeat(5_000) });
    expect(events()[0]?.message).toHaveLength(1024);
  });
});
