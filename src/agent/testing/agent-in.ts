/** An agent of this process that serves a namespace, in a world that a test writes. Tests only. */
import { connect } from 'node:net';
import { join } from 'node:path';

import { decodeReply, encodeRequest } from '../../cni/frame.ts';
import type { GroupPolicy } from '../../core/groups/policy.ts';
import { SECURITY_GROUPS_ANNOTATION } from '../../core/names.ts';
import type { NodeNetwork } from '../../core/records/node-network.ts';
import type { SecurityGroupRecord } from '../../core/records/security-group.ts';
import type { SettingValues } from '../../core/settings/settings.ts';
import type { Kernel } from '../../linux/port.ts';
import { silentLog } from '../../daemon/log.ts';
import { type Agent, startAgent } from '../agent.ts';
import { type Clock, systemClock } from '../clock.ts';
import { type PodView, type ServiceAccountView, viewPod } from '../world/pod-view.ts';
import type { ConfigMapView } from '../world/world.ts';
import { informerDouble, type InformerDouble } from './doubles.ts';
import { kernelIn } from './kernel-in.ts';

export interface ServedPod {
  readonly name: string;
  /** Its annotation; absent for a pod with the node's groups. */
  readonly groups?: string;
  /** Default 8080. */
  readonly probePort?: number;
}

export interface AgentInOptions {
  /** Required: name of the namespace that plays the node. */
  readonly netns: string;
  /** Required: where its socket and journal are; must exist. */
  readonly folder: string;
  /** Default 1: how many times faster than in truth its timers fire. */
  readonly haste?: number;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: the kernel as it is. */
  readonly kernel?: (kernel: Kernel) => Kernel;
  readonly pods: readonly ServedPod[];
  /** Beside `ENABLE_POD_ENI`, which is on. */
  readonly settings?: SettingValues;
}

export interface AgentIn {
  readonly records: InformerDouble<NodeNetwork>;
  readonly securityGroups: InformerDouble<SecurityGroupRecord>;
  set(settings: SettingValues): void;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Asks it as the plugin would. */
  call(
    command: string,
    pod: { readonly name: string; readonly netns: string },
  ): Promise<{ exitCode: number; stdout: string }>;
}

export const cniEnvironment = (
  command: string,
  { name, netns }: { readonly name: string; readonly netns: string },
) => ({
  CNI_COMMAND: command,
  CNI_CONTAINERID: `sandbox-${name}`,
  CNI_IFNAME: 'eth0',
  CNI_NETNS: `/run/netns/${netns}`,
  CNI_ARGS: `K8S_POD_NAMESPACE=default;K8S_POD_NAME=${name};K8S_POD_UID=uid-${name}`,
});
export const CNI_CONFIG = '{"cniVersion":"1.0.0","name":"branchline","type":"branchline-cni"}';

export function agentIn(options: AgentInOptions): AgentIn {
  const { netns, folder, pods, haste = 1, clock = systemClock, settings = {} } = options;
  const { kernel = (real: Kernel) => real } = options;
  const records = informerDouble<NodeNetwork>();
  const securityGroups = informerDouble<SecurityGroupRecord>();
  const configMap = informerDouble<ConfigMapView>();
  const serviceAccounts = informerDouble<ServiceAccountView>();
  const policies = informerDouble<GroupPolicy>();
  const podViews = informerDouble<PodView>();
  const set = (values: SettingValues): void =>
    configMap.set({ metadata: { name: 'aws-vpc-cni' }, data: { ENABLE_POD_ENI: 'true', ...values } });
  set(settings);
  serviceAccounts.set();
  policies.set();
  podViews.set(...pods.map(viewOf));
  let agent: Agent | undefined;
  return {
    records,
    securityGroups,
    set,
    async start() {
      agent = await startAgent({
        kernel: kernel(kernelIn(netns)),
        startInformers: () => ({
          pods: podViews,
          serviceAccounts,
          policies,
          records,
          securityGroups,
          configMaps: [configMap],
        }),
        writeStatus: async () => undefined,
        environment: {},
        bootId: 'boot',
        runDir: folder,
        stateDir: join(folder, 'state'),
        peerUid: () => 0,
        clock: { ...clock, after: (delayMs, action) => clock.after(delayMs / haste, action) },
        log: silentLog,
        observe: () => undefined,
        onReady: () => undefined,
      });
    },
    stop: async () => agent?.stop(),
    call(command, pod) {
      const request = encodeRequest({ environment: cniEnvironment(command, pod), stdin: Buffer.from(CNI_CONFIG) });
      return new Promise((resolve, reject) => {
        const socket = connect(join(folder, 'agent.sock'));
        let received = Buffer.alloc(0);
        socket.on('error', reject).on('data', (chunk) => {
          received = Buffer.concat([received, chunk]);
          const reply = decodeReply(received);
          if (reply === undefined) return;
          socket.destroy();
          resolve({ exitCode: reply.exitCode, stdout: Buffer.from(reply.stdout).toString() });
        });
        socket.write(request);
      });
    },
  };
}

const viewOf = ({ name, groups, probePort = 8080 }: ServedPod): PodView =>
  viewPod({
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      ...(groups === undefined ? {} : { annotations: { [SECURITY_GROUPS_ANNOTATION]: groups } }),
    },
    spec: { containers: [{ readinessProbe: { tcpSocket: { port: probePort } } }] },
  });
