/** A cluster in memory with a controller at work on it, over a fake EC2. */
import { fakeEc2 } from '../../aws/testing/fake.ts';
import type { NodeNetwork, NodeNetworkStatus } from '../../core/records/node-network.ts';
import type { SecurityGroupRecord } from '../../core/records/security-group.ts';
import { NAMESPACE, POD_CONDITION, POD_ENI_ANNOTATION, SECURITY_GROUPS_ANNOTATION } from '../../core/names.ts';
import { createInformer } from '../../kube/informer.ts';
import type { CniNode, ConfigMap, Event, Node, Pod, SecurityGroupPolicy } from '../../kube/objects.ts';
import { resources } from '../../kube/resources.ts';
import { createEventRecorder } from '../../kube/events.ts';
import { createKubeDouble } from '../../kube/testing/double.ts';
import { createTestClock } from '../../kube/testing/test-clock.ts';
import { watchCluster } from '../cluster.ts';
import { type Controller, startController } from '../controller.ts';
import { silentLog } from '../../daemon/log.ts';

export const zone = 'us-west-2a';

export interface PodOptions {
  readonly name: string;
  readonly node: string;
  /** What its annotation says; default: it has none. */
  readonly groups?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Default: `default`. */
  readonly serviceAccount?: string;
}

export function controllerWorld() {
  const clock = createTestClock();
  const kube = createKubeDouble({ date: () => clock.date() });
  const ec2 = fakeEc2();
  const random = (): number => 0.5;
  const vpc = ec2.addVpc({ cidrs: ['10.0.0.0/16'] });
  const subnet = ec2.addSubnet({ vpc, cidr: '10.0.0.0/20', zone });
  const nodeGroup = ec2.addGroup({ vpc, groupName: 'eks-cluster-sg-lab' });
  const web = ec2.addGroup({ vpc, groupName: 'web', nameTag: 'sg-web' });
  const db = ec2.addGroup({
    vpc,
    groupName: 'db',
    rules: [
      { direction: 'ingress', protocol: 'tcp', fromPort: 5432, toPort: 5432, peer: { kind: 'group', group: web } },
    ],
  });
  const running: { controller: Controller; stop: () => Promise<void> }[] = [];
  const nodeRef = (name: string) => ({ name });

  const world = {
    clock,
    kube,
    ec2,
    vpc,
    subnet,
    groups: { node: nodeGroup, web, db },
    /** Starts another one; a test that wants one at a time stops the first. */
    start() {
      const cluster = watchCluster((options) => createInformer({ kube, clock, random, logger: silentLog, ...options }));
      const controller = startController({
        kube,
        cluster,
        ec2,
        events: createEventRecorder({
          kube,
          clock,
          random: Math.random,
          logger: silentLog,
          component: 'c',
          instance: 'i',
        }),
        environment: {},
        clock,
        random,
        log: silentLog,
        metrics: { action: () => undefined, failure: () => undefined },
      });
      const stop = async (): Promise<void> => {
        await controller.stop();
        await cluster.stop();
      };
      running.push({ controller, stop });
      return { controller, stop };
    },
    async stopAll() {
      for (const { stop } of running.splice(0)) await stop();
    },
    /** Lets what is under way come to rest: coalescing, calls, retries. */
    settle: (ms = 3000) => clock.advance(ms),
    async addNode(name: string, type = 'm5.large') {
      const { instance, primaryInterface } = ec2.runInstance({ type, subnet, groups: [nodeGroup] });
      await kube.create<Node>(resources.nodes, {
        metadata: nodeRef(name),
        spec: { providerID: `aws:///${zone}/${instance}` },
      });
      return { instance, primaryInterface };
    },
    /** As EKS's controller. */
    addCniNode: (name: string) =>
      kube.create<CniNode>(resources.cniNodes, {
        metadata: nodeRef(name),
        spec: { features: [{ name: 'CustomNetworking', value: 'zone-a' }] },
      }),
    switchOn: (more: Readonly<Record<string, string>> = {}) =>
      kube.create<ConfigMap>(resources.configMaps, {
        metadata: { name: 'aws-vpc-cni', namespace: NAMESPACE },
        data: { ENABLE_POD_ENI: 'true', ...more },
      }),
    /** After {@link switchOn}. */
    switchTo: (more: Readonly<Record<string, string>>) =>
      kube.patch(
        resources.configMaps,
        { name: 'aws-vpc-cni', namespace: NAMESPACE },
        { type: 'merge', body: { data: more } },
      ),
    /** Bound, as the kubelet has first seen it. */
    async addPod({ name, node, groups, labels = {}, serviceAccount = 'default' }: PodOptions) {
      await kube.create<Pod>(resources.pods, {
        metadata: {
          name,
          namespace: 'default',
          labels,
          ...(groups === undefined ? {} : { annotations: { [SECURITY_GROUPS_ANNOTATION]: groups } }),
        },
        spec: { nodeName: node, serviceAccountName: serviceAccount },
      });
      const body = { status: { conditions: [{ type: 'PodScheduled', status: 'True' }] } };
      const ref = { name, namespace: 'default' };
      return kube.patch<Pod>(resources.pods, ref, { type: 'merge', body }, { subresource: 'status' });
    },
    addPolicy: (name: string, spec: object) =>
      kube.create<SecurityGroupPolicy>(resources.securityGroupPolicies, {
        metadata: { name, namespace: 'default' },
        spec,
      }),
    /** As EKS's controller, whose annotation comes after the pod was bound. */
    annotateEni: (name: string, text: string) =>
      kube.patch(
        resources.pods,
        { name, namespace: 'default' },
        { type: 'merge', body: { metadata: { annotations: { [POD_ENI_ANNOTATION]: text } } } },
      ),
    condition: (name: string) =>
      kube
        .objects<Pod>(resources.pods)
        .find(({ metadata }) => metadata.name === name)
        ?.status?.conditions?.find(({ type }) => type === POD_CONDITION),
    /** As the kubelet when the pod's sandbox has an address. */
    setPodIp: (name: string, podIP: string) =>
      kube.patch(
        resources.pods,
        { name, namespace: 'default' },
        { type: 'merge', body: { status: { podIP } } },
        { subresource: 'status' },
      ),
    async deletePod(name: string) {
      const ref = { name, namespace: 'default' };
      await kube.delete(resources.pods, ref);
      if (kube.objects<Pod>(resources.pods).some(({ metadata }) => metadata.name === name)) kube.finishPod(ref);
    },
    /** As the agent of the node. */
    setStatus: (node: string, status: NodeNetworkStatus) =>
      kube.patch(resources.nodeNetworks, nodeRef(node), { type: 'merge', body: { status } }, { subresource: 'status' }),
    record(node: string): NodeNetwork {
      const found = kube.objects<NodeNetwork>(resources.nodeNetworks).find(({ metadata }) => metadata.name === node);
      if (found === undefined) throw new Error(`there is no record of ${node}`);
      return found;
    },
    records: () => kube.objects<NodeNetwork>(resources.nodeNetworks),
    mirrored: () => kube.objects<SecurityGroupRecord>(resources.securityGroups),
    events: () =>
      kube
        .objects<Event>(resources.events)
        .map(({ involvedObject, reason }) => `${involvedObject.kind}/${involvedObject.name} ${reason}`),
    ec2Writes: () =>
      ec2.calls
        .map(({ verb }) => verb)
        .filter((verb) => /^(create|attach|assign|set|detach|delete|unassign)/.test(verb)),
  };
  return world;
}

export type ControllerWorld = ReturnType<typeof controllerWorld>;
