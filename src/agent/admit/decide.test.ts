import { describe, expect, it } from 'vitest';

import { readPolicy } from '../../core/groups/policy.ts';
import { SECURITY_GROUPS_ANNOTATION } from '../../core/names.ts';
import { defaultSettings } from '../../core/settings/settings.ts';
import { aBranch, aGroup, anInterface, aSet, aSpec, aTrunk } from '../testing/builders.ts';
import { viewPod, viewServiceAccount } from '../world/pod-view.ts';
import { decide, type Decision, type Knowledge, type Subject } from './decide.ts';

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
const policy = (selectors: object) =>
  readPolicy({
    metadata: { name: 'web', namespace: 'default' },
    spec: { ...selectors, securityGroups: { groupIds: [WEB] } },
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
    ? `serve ${decision.place.kind === 'branch' ? decision.place.branch.id : decision.place.interfaces.map(({ id }) => id).join()}`
    : `${decision.kind} ${decision.kind === 'wait' ? decision.cause.code : decision.error.code}`;
const judged = (subject: Partial<Subject>, part: Partial<Knowledge> = {}): string =>
  outcome(decide({ ...all, ...part }, { pod: pod(), serviceAccount: account(), policies: [], ...subject }));
const decided = (request: string | undefined, part: Partial<Knowledge> = {}): string =>
  judged({ pod: pod(request) }, part);
const unnamed = aSpec({ interfaces: [anInterface(), webInterface], sets: [] });

describe('the decision on a pod', () => {
  it('serves a pod that asks for nothing from the node’s interface', () => {
    expect(decided(undefined, { spec: unnamed })).toBe('serve eni-node');
  });

  it('serves a pod that a policy means from the interface of its set, and waits while the record does not name it', () => {
    const policies = [policy({ podSelector: {} })];
    expect(judged({ policies })).toBe('serve eni-web');
    expect(judged({ policies }, { spec: unnamed })).toBe('wait groups-not-ready');
  });

  it('waits where the record names a pod that asks for nothing as far as the agent has seen', () => {
    expect(judged({})).toBe('wait groups-mismatch');
  });

  it('waits for a service account that a policy asks about', () => {
    const { labels: _, ...unseen } = account();
    expect(judged({ policies: [policy({ serviceAccountSelector: {} })], serviceAccount: unseen })).toBe(
      'wait service-account-unknown',
    );
  });

  it('refuses a pod that a policy may mean which cannot be read', () => {
    const podSelector = { matchExpressions: [{ key: 'app', operator: 'Equals', values: ['web'] }] };
    expect(judged({ policies: [policy({ podSelector })] })).toBe('refuse policy-invalid');
  });

  it('serves a pod that asks by name or id from the interface of its set', () => {
    expect(decided('sg-web')).toBe('serve eni-web');
    expect(decided(WEB)).toBe('serve eni-web');
  });

  it('reads the service account where the pod says nothing', () => {
    expect(judged({ serviceAccount: account('sg-web') })).toBe('serve eni-web');
  });

  it('waits, and never serves, while any fact is missing', () => {
    expect(judged({ pod: undefined })).toBe('wait pod-unknown');
    expect(judged({ serviceAccount: undefined })).toBe('wait pod-unknown');
    expect(judged({ policies: undefined })).toBe('wait pod-unknown');
    expect(decided(undefined, { settings: undefined })).toBe('wait pod-unknown');
    expect(decided(undefined, { spec: undefined })).toBe('wait node-record-missing');
    expect(decided(undefined, { spec: unnamed, readyInterfaces: new Set(['eni-web']) })).toBe('wait link-missing');
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
    expect(decided(undefined, { settings: defaultSettings, spec: unnamed })).toBe('serve eni-node');
  });
});

describe('the decision on a pod that has a branch', () => {
  const branch = aBranch({ groups: [WEB] });
  const spec = aSpec({
    interfaces: [anInterface(), webInterface, aTrunk()],
    sets: [aSet([WEB], { interfaces: ['eni-web'], pods: ['uid-web'] })],
    branches: [branch],
  });
  const readyInterfaces = new Set(['eni-node', 'eni-web', 'eni-trunk', 'eni-branch']);
  const withBranch = (part: Partial<typeof spec>, request: string | undefined = WEB): string =>
    decided(request, { spec: { ...spec, ...part }, readyInterfaces });

  it('serves it from its branch, also where its set has interfaces that are shared', () => {
    expect(withBranch({})).toBe('serve eni-branch');
    expect(withBranch({ branches: [aBranch({ id: 'eni-old', groups: [DB] }), branch] })).toBe('serve eni-branch');
  });

  it('waits as long as it is not whole, and never takes another interface', () => {
    expect(decided(WEB, { spec, readyInterfaces: new Set(['eni-node', 'eni-web', 'eni-trunk']) })).toBe(
      'wait link-missing',
    );
    expect(withBranch({ interfaces: [anInterface(), webInterface] })).toBe('wait groups-not-ready');
    expect(withBranch({ branches: [aBranch({ groups: [DB] })] })).toBe('wait groups-mismatch');
    expect(withBranch({ sets: [] })).toBe('wait groups-not-ready');
  });

  it('waits for it where its set has nothing else', () => {
    const sets = [aSet([WEB], { pods: ['uid-web'] })];
    expect(withBranch({ sets })).toBe('serve eni-branch');
    expect(withBranch({ sets, branches: [aBranch({ pod: 'another' })] })).toBe('wait groups-not-ready');
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
