/**
 * `node.reconcile`: brings one node to what its pods ask for. It decides nothing itself; what does not work is told where
 * people look and thrown, and the queue comes back later.
 */
import type { Ec2 } from '../../aws/port.ts';
import { CodedError } from '../../core/errors/coded-error.ts';
import type { NodeNetwork } from '../../core/records/node-network.ts';
import type { Settings } from '../../core/settings/settings.ts';
import type { Log } from '../../daemon/log.ts';
import type { Clock } from '../../kube/clock.ts';
import type { Cluster } from '../cluster.ts';
import type { Mirror } from '../groups/mirror.ts';
import type { PodsByNode } from '../pods-by-node.ts';
import type { NodeView, PodView } from '../views.ts';
import type { InterfaceSweep } from '../vpc/interface-sweep.ts';
import type { TrunkAssociations } from '../vpc/trunk-associations.ts';
import type { TypeLimits } from '../vpc/type-limits.ts';
import type { VpcWatch } from '../vpc/vpc-watch.ts';
import type { AskEks } from './ask-eks.ts';
import { createBranchObserver } from './branch-observer.ts';
import type { Executor } from './executor.ts';
import { LAG_MS } from './merge-observation.ts';
import type { NodeState } from './node-state.ts';
import { createObserver } from './observer.ts';
import type { PodConditions } from './pod-conditions.ts';
import { requestOf } from './pod-facts.ts';
import { instanceOf } from './provider-id.ts';
import type { RecordWriter } from './record-writer.ts';
import { removeNode } from './remove-node.ts';
import type { Problem, Reporter } from './reporter.ts';
import { type Settled, settleNode } from './settle-node.ts';

export interface NodeWorkerOptions {
  readonly cluster: Cluster;
  readonly pods: PodsByNode;
  readonly settings: () => Settings;
  readonly vpcs: VpcWatch;
  readonly mirror: Mirror;
  readonly ec2: Pick<Ec2, 'instances' | 'interfaces'>;
  readonly sweep: InterfaceSweep;
  readonly associations: TrunkAssociations;
  readonly limits: TypeLimits;
  readonly execute: Executor;
  readonly askEks: AskEks;
  readonly writer: RecordWriter;
  readonly reporter: Reporter;
  readonly conditions: PodConditions;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
}

/** Of a work queue, by the name of the node. */
export type NodeWorker = (name: string, signal: AbortSignal) => Promise<{ readonly afterMs?: number }>;

export function createNodeWorker(options: NodeWorkerOptions): NodeWorker {
  const { cluster, clock, ec2, sweep, reporter, pods } = options;
  const states = new Map<string, NodeState>();

  const stateOf = (name: string, instance: string): NodeState => {
    const known = states.get(name);
    if (known?.instance === instance) return known;
    const observer = createObserver({ ec2, sweep, instance, clock });
    const fresh: NodeState = {
      instance,
      observer,
      branches: createBranchObserver(options),
      sinceMs: clock.now(),
      holds: new Map(),
      idleSinceMs: new Map(),
      isEksAsked: false,
      awaitedSinceMs: new Map(),
      written: undefined,
    };
    states.set(name, fresh);
    return fresh;
  };
  const forget = (name: string): void => {
    states.delete(name);
    reporter.forget(name);
  };
  const asks = (pod: PodView): boolean =>
    requestOf(pod, {
      serviceAccount: (ref) => cluster.serviceAccounts.get(ref),
      policies: cluster.policies.all(),
      podGroupsEnabled: options.settings().podGroupsEnabled,
    }).kind !== 'node';
  const settle = async (node: NodeView, signal: AbortSignal): Promise<Settled> => {
    try {
      const instance = instanceOf(node.providerId);
      if (instance instanceof CodedError) throw instance;
      return await settleNode({ ...options, node, state: stateOf(node.name, instance), signal });
    } catch (error) {
      // What we last wrote may be what was just refused.
      const state = states.get(node.name);
      if (state !== undefined) state.written = undefined;
      if (!(error instanceof CodedError) || error.code.startsWith('kube-')) throw error;
      return { kind: 'failed', error, problems: everyoneWaiting(pods.of(node.name).filter(asks), error) };
    }
  };

  return async (name, signal) => {
    const node = cluster.nodes.get({ name });
    const record = cluster.records.get({ name });
    if (record?.metadata.deletionTimestamp !== undefined) {
      const isNodeAlive = node !== undefined && owns(node, record);
      const { observer, sinceMs } = stateOf(name, record.spec.instance.id);
      const behindMs = sinceMs + LAG_MS - clock.now();
      const outcome = await removeNode({ ...options, record, isNodeAlive, observer, behindMs, signal });
      if (outcome.afterMs === undefined) forget(name);
      return outcome;
    }
    if (node === undefined) {
      // Of what we have done there the end of its record knows nothing.
      if (record === undefined) forget(name);
      return {};
    }
    // The record of a namesake that has gone: the garbage collector marks it, and that brings us back.
    if (record !== undefined && !owns(node, record)) return {};
    const settled = await settle(node, signal);
    reporter.report(node, settled.problems);
    options.conditions.sync(pods.of(name), settled.problems);
    if (settled.kind === 'settled') return settled;
    // Only a change of the node makes that good, and the change brings us back.
    if (settled.error.code === 'provider-id-invalid') return {};
    throw settled.error;
  };
}

const owns = ({ uid }: NodeView, { metadata }: NodeNetwork): boolean =>
  metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;

/** What fails for a node as a whole fails for its pods that ask for groups, and they are where people look first. */
const everyoneWaiting = (pods: readonly PodView[], error: CodedError): readonly Problem[] => [
  { error },
  ...pods.filter(({ address, finished }) => address === undefined && !finished).map((pod) => ({ pod, error })),
];
