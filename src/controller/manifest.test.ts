import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';

import {
  AGENT_NAME,
  API_GROUP,
  API_VERSION,
  CONTROLLER_NAME,
  NAMESPACE,
  paths,
  ports,
  SETTINGS_CONFIG_MAPS,
} from '../core/names.ts';
import { resources } from '../kube/resources.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}
interface Container {
  readonly image: string;
  readonly command: readonly string[];
  readonly ports: readonly { readonly containerPort: number }[];
  readonly livenessProbe: { readonly httpGet: { readonly port: number } };
  readonly readinessProbe: { readonly httpGet: { readonly port: number } };
  readonly envFrom?: unknown;
  readonly securityContext: {
    readonly privileged: boolean;
    readonly runAsNonRoot?: boolean;
    readonly capabilities: { readonly drop: readonly string[]; readonly add?: readonly string[] };
  };
  readonly volumeMounts?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly mountPropagation?: string;
  }[];
}
interface Manifested {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
  readonly spec?: {
    readonly replicas?: number;
    readonly strategy?: { readonly type: string };
    readonly versions?: readonly { readonly name: string; readonly subresources?: unknown }[];
    readonly names?: { readonly kind: string; readonly plural: string };
    readonly template?: {
      readonly spec: {
        readonly hostNetwork: boolean;
        readonly priorityClassName: string;
        readonly serviceAccountName: string;
        readonly tolerations: readonly unknown[];
        readonly containers: readonly Container[];
        readonly volumes?: readonly { readonly name: string; readonly hostPath: { readonly path: string } }[];
      };
    };
  };
}

const file = join(import.meta.dirname, '../../config/master/aws-k8s-cni.yaml');
const objects = parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS() as Manifested);

const find = (kind: string, name: string): Manifested => {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`the manifest has no ${kind} ${name}`);
  return found;
};
const podOf = (kind: string, name: string) => {
  const template = find(kind, name).spec?.template?.spec;
  const [container, ...others] = template?.containers ?? [];
  if (template === undefined || container === undefined || others.length > 0)
    throw new Error(`${name} has not one container`);
  return { template, container };
};
const rights = (...roles: readonly Manifested[]): readonly string[] =>
  roles.flatMap(({ rules = [] }) =>
    rules.flatMap((rule) => rule.resources.map((each) => `${each}: ${rule.verbs.join(' ')}`)),
  );

describe('the manifest', () => {
  it('defines our two kinds as the client has them, and only NodeNetwork has a status of its own', () => {
    for (const { plural, kind, group, version } of [resources.nodeNetworks, resources.securityGroups]) {
      expect([group, version]).toEqual([API_GROUP, API_VERSION]);
      const { spec } = find('CustomResourceDefinition', `${plural}.${group}`);
      expect(spec?.names).toMatchObject({ kind, plural });
      expect(spec?.versions?.map(({ name }) => name)).toEqual([version]);
      expect(spec?.versions?.[0]?.subresources !== undefined).toBe(plural === resources.nodeNetworks.plural);
    }
  });

  it('holds no objects of our own kinds and no settings, so that applying it again switches nothing', () => {
    expect(objects.filter(({ apiVersion }) => apiVersion.startsWith(API_GROUP))).toEqual([]);
    expect(objects.filter(({ kind }) => kind === 'ConfigMap' || kind === 'Secret')).toEqual([]);
  });

  it('gives the agent what it watches, the status of records and events, and nothing else', () => {
    expect(rights(find('ClusterRole', AGENT_NAME)).toSorted()).toEqual([
      'events: create patch',
      'nodenetworks/status: patch',
      'nodenetworks: get list watch',
      'pods: list watch',
      'securitygrouppolicies: get list watch',
      'securitygroups: get list watch',
      'serviceaccounts: list watch',
    ]);
  });

  it('gives the controller no right to a secret, a record’s status or a deletion of a record', () => {
    expect(rights(find('ClusterRole', CONTROLLER_NAME)).toSorted()).toEqual([
      'cninodes: get patch',
      'customresourcedefinitions: create',
      'customresourcedefinitions: get',
      'events: create patch',
      'nodenetworks: get list watch create patch',
      'nodes: list watch',
      'pods/status: patch',
      'pods: list watch',
      'securitygrouppolicies: get list watch',
      'securitygroups: get list watch create patch delete',
      'serviceaccounts: list watch',
    ]);
  });

  it('lets both read the settings and no other ConfigMap', () => {
    const role = find('Role', 'branchline-settings');
    expect(role.metadata.namespace).toBe(NAMESPACE);
    expect(role.rules).toEqual([
      {
        apiGroups: [''],
        resources: ['configmaps'],
        resourceNames: [...SETTINGS_CONFIG_MAPS],
        verbs: ['list', 'watch'],
      },
    ]);
  });

  it('runs the agent on every node with two capabilities and not privileged', () => {
    const { template, container } = podOf('DaemonSet', AGENT_NAME);
    expect(template).toMatchObject({
      hostNetwork: true,
      priorityClassName: 'system-node-critical',
      tolerations: [{ operator: 'Exists' }],
    });
    expect(container.securityContext.privileged).toBe(false);
    expect(container.securityContext.capabilities).toEqual({ drop: ['ALL'], add: ['NET_ADMIN', 'SYS_ADMIN'] });
    expect(container.livenessProbe.httpGet.port).toBe(ports.agentMetrics);
    expect(container.readinessProbe.httpGet.port).toBe(ports.agentMetrics);
  });

  it('mounts the node’s folders where the agent looks for them', () => {
    const { template, container } = podOf('DaemonSet', AGENT_NAME);
    const hostPath = new Map(template.volumes?.map(({ name, hostPath: { path } }) => [name, path]));
    const mounts = container.volumeMounts?.map(({ name, mountPath }) => `${hostPath.get(name)} at ${mountPath}`);
    expect(mounts?.toSorted()).toEqual(
      [
        `${paths.runDir} at ${paths.runDir}`,
        `${paths.stateDir} at ${paths.stateDir}`,
        '/opt/cni/bin at /host/opt/cni/bin',
        '/etc/cni/net.d at /host/etc/cni/net.d',
        '/run/netns at /run/netns',
        '/proc/sys/net at /host/proc/sys/net',
      ].toSorted(),
    );
    expect(container.volumeMounts?.find(({ name }) => name === 'netns')?.mountPropagation).toBe('HostToContainer');
  });

  it('runs one controller at a time, without root and without capabilities', () => {
    const { template, container } = podOf('Deployment', CONTROLLER_NAME);
    expect(find('Deployment', CONTROLLER_NAME).spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
    expect(template).toMatchObject({
      hostNetwork: true,
      priorityClassName: 'system-cluster-critical',
      tolerations: [{ operator: 'Exists' }],
    });
    expect(container.securityContext).toMatchObject({
      privileged: false,
      runAsNonRoot: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(container.envFrom).toEqual([{ secretRef: { name: `${CONTROLLER_NAME}-env`, optional: true } }]);
    expect(container.livenessProbe.httpGet.port).toBe(ports.controllerMetrics);
  });

  it('runs both from one image, on ports that differ since they share a node’s network', () => {
    const agent = podOf('DaemonSet', AGENT_NAME).container;
    const controller = podOf('Deployment', CONTROLLER_NAME).container;
    expect(agent.image).toBe(controller.image);
    expect(agent.command.at(-1)).toBe('/opt/branchline/agent.mjs');
    expect(controller.command.at(-1)).toBe('/opt/branchline/controller.mjs');
    expect(new Set(Object.values(ports)).size).toBe(Object.values(ports).length);
  });
});
