import { describe, expect, it } from 'vitest';

import { SECURITY_GROUPS_ANNOTATION } from '../../core/names.ts';
import { defaultSettings } from '../../core/settings/settings.ts';
import { aGroup, anInterface, aSet, aSpec } from '../testing/builders.ts';
import { viewPod, viewServiceAccount } from '../world/pod-view.ts';
import { decide, type Decision, type Knowledge } from './decide.ts';

const WEB = 'sg-0000000000000000b';
const DB = 'sg-0000000000000000c';
const settings = { ...defaultSettings, podGroupsEnabled: true };
const webInterface = anInterface({
  id: 'eni-web',
  mac: '06:00:00:00:00:02',
  deviceIndex: 1,
  purpose: 'groups',
  groups: [WEB],
});
const pod = (request?: string) =>
  viewPod({
    metadata: {
      name: 'web',
      namespace: 'default',
      uid: 'uid-web',
      ...(request === undefined ? {} : { annotations: { [SECURITY_GROUPS_ANNOTATION]: request } }),
    },
  });
const account = (request?: string) =>
  viewServiceAccount({
    metadata: {
      name: 'default',
      namespace: 'default',
      ...(request === undefined ? {} : { annotations: { [SECURITY_GROUPS_ANNOTATION]: request } }),
    },
  });
const all: Knowledge = {
  settings,
  spec: aSpec({
    interfaces: [anInterface(), webInterface],
    sets: [aSet([WEB], { interfaces: ['eni-web'], pods: ['uid-web'] })],
  }),
  securityGroups: [aGroup(WEB, [], { nameTag: 'sg-web' }), aGroup(DB)],
  readyInterfaces: new Set(['eni-node', 'eni-web']),
};
const outcome = (decision: Decision): string =>
  decision.kind === 'serve'
    ? `serve ${decision.interfaces.map(({ id }) => id).join()}`
    : `${decision.kind} ${decision.kind === 'wait' ? decision.cause.code : decision.error.code}`;
const decided = (request: string | undefined, part: Partial<Knowledge> = {}): string =>
  outcome(decide({ ...all, ...part }, { pod: pod(request), serviceAccount: account() }));

describe('the decision on a pod', () => {
  it('serves a pod that asks for nothing from the node’s interface', () => {
    expect(decided(undefined)).toBe('serve eni-node');
  });

  it('serves a pod that asks by name or id from the interface of its set', () => {
    expect(decided('sg-web')).toBe('serve eni-web');
    expect(decided(WEB)).toBe('serve eni-web');
  });

  it('reads the service account where the pod says nothing', () => {
    expect(outcome(decide(all, { pod: pod(), serviceAccount: account('sg-web') }))).toBe('serve eni-web');
  });

  it('waits, and never serves, while any fact is missing', () => {
    expect(outcome(decide(all, { pod: undefined, serviceAccount: account() }))).toBe('wait pod-unknown');
    expect(outcome(decide(all, { pod: pod(), serviceAccount: undefined }))).toBe('wait pod-unknown');
    expect(decided(undefined, { settings: undefined })).toBe('wait pod-unknown');
    expect(decided(undefined, { spec: undefined })).toBe('wait node-record-missing');
    expect(decided(undefined, { readyInterfaces: new Set(['eni-web']) })).toBe('wait link-missing');
    expect(decided(WEB, { readyInterfaces: new Set(['eni-node']) })).toBe('wait link-missing');
    expect(decided(WEB, { securityGroups: [] })).toBe('wait group-unknown');
    expect(decided('sg-web', { securityGroups: [aGroup(DB)] })).toBe('wait group-unknown');
  });

  it('waits until a set names the pod, with the very groups that it asks for', () => {
    const sets = [aSet([WEB], { interfaces: ['eni-web'], pods: ['another'] })];
    expect(decided(WEB, { spec: aSpec({ interfaces: [anInterface(), webInterface], sets }) })).toBe(
      'wait groups-not-ready',
    );
    expect(decided(DB)).toBe('wait groups-mismatch');
    expect(decided(`${WEB},${DB}`)).toBe('wait groups-mismatch');
  });

  it('does not take an interface that bears other groups than the set', () => {
    const interfaces = [anInterface(), { ...webInterface, groups: [DB] }];
    const sets = [aSet([WEB], { interfaces: ['eni-web'], pods: ['uid-web'] })];
    expect(decided(WEB, { spec: aSpec({ interfaces, sets }) })).toBe('wait groups-not-ready');
  });

  it('refuses a pod that asks while pod groups are off, and one whose list cannot be read', () => {
    expect(decided(WEB, { settings: defaultSettings })).toBe('refuse pod-groups-disabled');
    expect(decided('sg-web,')).toBe('refuse groups-annotation-malformed');
    expect(decided(undefined, { settings: defaultSettings })).toBe('serve eni-node');
  });
});

describe('the view of a pod', () => {
  it('names the ports of its probes and hooks, numbers and names', () => {
    const view = viewPod({
      metadata: { name: 'x', uid: 'u' },
      spec: {
        containers: [
          {
            ports: [{ name: 'http', containerPort: 8080 }],
            readinessProbe: { httpGet: { port: 'http' } },
            livenessProbe: { tcpSocket: { port: 9000 } },
            lifecycle: { preStop: { httpGet: { port: '81' } } },
          },
        ],
        initContainers: [{ startupProbe: { grpc: { port: 7000 } }, readinessProbe: { httpGet: { port: 'missing' } } }],
      },
    });
    expect(view.probePorts.map(({ port }) => port)).toEqual([81, 7000, 8080, 9000]);
  });
});
