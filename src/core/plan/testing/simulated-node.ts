/**
 * One node with an instance, its agent and a controller that plans, all in memory. EC2's limits hold: an action that EC2
 * would refuse throws. What a controller remembers can be lost at any moment.
 */
import { mac } from '../../address/mac.ts';
import type { CodedError } from '../../errors/coded-error.ts';
import { setKey } from '../../groups/set-key.ts';
import { RECORD_PROTOCOL } from '../../names.ts';
import type { NodeNetworkSpec } from '../../records/node-network.ts';
import type { PodEni } from '../../records/pod-eni.ts';
import type { PodGroupsMode } from '../../settings/settings.ts';
import type { Action } from '../action.ts';
import { type NodePlan, planNode } from '../node.ts';
import { afterOutcome, type Outcome } from '../outcome.ts';
import type {
  KnownRecord,
  NodeSnapshot,
  ObservedBranch,
  ObservedInterface,
  PodDemand,
  PodFact,
  RequestSource,
} from '../snapshot.ts';

export const instance = { id: 'i-0123456789abcdef0', type: 'test.type', zone: 'us-west-2a' } as const;
export const home = {
  id: 'subnet-1',
  zone: instance.zone,
  cidr: '10.0.0.0/20',
  freeAddresses: 4000,
  tags: {},
} as const;
export const nodeGroup = 'sg-00000000000000000';

export interface SimulationOptions {
  readonly interfaces?: number;
  readonly addressesPerInterface?: number;
  readonly freeAddresses?: number;
}

export class SimulatedNode {
  readonly limits: NodeSnapshot['limits'];
  interfaces: readonly ObservedInterface[];
  record: KnownRecord | undefined;
  nowMs = 0;
  mode: PodGroupsMode = 'shared';
  /** What the agent announces. */
  protocol = RECORD_PROTOCOL;
  /** Made by EKS's controller. */
  branches: readonly ObservedBranch[] = [];
  /** By UID. */
  readonly pods = new Map<string, { demand: PodDemand; address?: string; eni?: PodEni | CodedError }>();
  readonly done: Action[] = [];
  private idleSinceMs: ReadonlyMap<string, number> = new Map();
  private awaitedSinceMs: ReadonlyMap<string, number> = new Map();
  private readonly tokens = new Map<string, { parameters: string; id: string }>();
  private free: number;
  private ids = 0;

  constructor({ interfaces = 3, addressesPerInterface = 10, freeAddresses = 4000 }: SimulationOptions = {}) {
    this.limits = { interfacesByCard: [interfaces], addressesPerInterface };
    this.free = freeAddresses;
    const attachment = { id: 'attach-0', instance: instance.id, deviceIndex: 0, card: 0 };
    const primary = this.newInterface({ groups: [nodeGroup], tags: {}, secondaryAddresses: 0 });
    this.interfaces = [{ ...primary, attachment: { ...attachment, status: 'attached', deleteOnTermination: true } }];
  }

  ask(uid: string, ...groups: readonly string[]): void {
    this.demand(uid, groups, 'pod');
  }

  /** As a pod that a SecurityGroupPolicy matches. */
  match(uid: string, ...groups: readonly string[]): void {
    this.demand(uid, groups, 'policy');
  }

  private demand(uid: string, groups: readonly string[], from: RequestSource): void {
    this.pods.set(uid, { demand: groups.length === 0 ? { kind: 'node' } : { kind: 'groups', groups, from } });
  }

  /** As EKS's controller: at the highest free index. undefined: there is no slot. */
  giveTrunk(): string | undefined {
    const taken = new Set(this.interfaces.map(({ attachment }) => attachment?.deviceIndex));
    const [most = 0] = this.limits.interfacesByCard;
    const deviceIndex = Array.from({ length: most }, (_, index) => most - 1 - index).find((index) => !taken.has(index));
    if (deviceIndex === undefined) return undefined;
    const made = this.newForeign([nodeGroup]);
    const place = { id: `attach-${made.id}`, instance: instance.id, deviceIndex, card: 0, status: 'attached' };
    const attachment = { ...place, deleteOnTermination: true };
    this.interfaces = [...this.interfaces, { ...made, status: 'in-use', interfaceType: 'trunk', attachment }];
    return made.id;
  }

  /** As EKS's controller: a branch on the trunk, and the pod's annotation. */
  giveBranch(uid: string, ...groups: readonly string[]): PodEni {
    const trunk = this.interfaces.find(({ interfaceType }) => interfaceType === 'trunk')?.id ?? this.giveTrunk() ?? '';
    const made = this.newForeign(groups);
    const vlan = 1 + this.branches.length;
    const branch = { ...made, status: 'in-use', interfaceType: 'branch', association: { trunk, vlan } };
    this.branches = [...this.branches, branch];
    const eni = { id: branch.id, mac: mac(branch.mac), address: branch.primaryAddress, vlan };
    const pod = this.pods.get(uid);
    if (pod !== undefined) this.pods.set(uid, { ...pod, eni });
    return eni;
  }

  snapshot(): NodeSnapshot {
    const pods: readonly PodFact[] = [...this.pods].map(([uid, pod]) => ({ uid, ...pod }));
    return {
      instance,
      vpc: { id: 'vpc-1', cidrs: ['10.0.0.0/16'] },
      mode: this.mode,
      limits: this.limits,
      subnets: [{ ...home, freeAddresses: this.free }],
      interfaces: this.interfaces,
      branches: this.branches,
      pods,
      record: this.record,
      idleSinceMs: this.idleSinceMs,
      awaitedSinceMs: this.awaitedSinceMs,
      nowMs: this.nowMs,
    };
  }

  plan(): NodePlan {
    const plan = planNode(this.snapshot());
    if (plan instanceof Error) throw plan;
    return plan;
  }

  /** One look: the record is written, then the chosen actions are carried out; all by default. */
  step(choose: (action: Action) => boolean = () => true): NodePlan {
    const plan = this.plan();
    const idle = plan.idle.map((key) => [key, this.idleSinceMs.get(key) ?? this.nowMs] as const);
    this.idleSinceMs = new Map(idle);
    this.awaitedSinceMs = new Map(plan.awaited.map((uid) => [uid, this.awaitedSinceMs.get(uid) ?? this.nowMs]));
    this.write(plan.spec);
    for (const action of plan.actions) if (choose(action)) this.carryOut(action);
    return plan;
  }

  /** Steps until nothing is left to do and nothing is under way; throws when that never comes. */
  converge(): NodePlan {
    for (let steps = 0; steps < 50; steps++) {
      const before = this.record;
      const plan = this.step();
      const isMoving = this.interfaces.some(({ attachment: at }) => at !== undefined && at.status !== 'attached');
      if (plan.actions.length === 0 && this.record === before && !isMoving) return plan;
      this.endTransitions();
    }
    throw new Error('the plans do not come to an end');
  }

  /** A controller that has lost all that it remembered. */
  crash(): void {
    this.idleSinceMs = new Map();
    this.awaitedSinceMs = new Map();
  }

  /** EC2 comes to the end of what is under way. */
  endTransitions(): void {
    this.interfaces = this.interfaces.map((seen) => {
      const { attachment, ...rest } = seen;
      if (attachment?.status === 'detaching') return { ...rest, status: 'available' };
      return attachment === undefined ? seen : { ...seen, attachment: { ...attachment, status: 'attached' } };
    });
  }

  /** The agent puts the record in force and wires what it names; a pod without an address left waits. */
  runAgent(): void {
    if (this.record === undefined) return;
    const { spec, generation } = this.record;
    const used = new Set([...this.pods.values()].map(({ address }) => address));
    for (const branch of spec.branches ?? []) {
      const pod = this.pods.get(branch.pod);
      if (pod === undefined || pod.address !== undefined) continue;
      if (pod.demand.kind !== 'groups' || setKey(pod.demand.groups) !== setKey(branch.groups))
        throw new Error(`${branch.pod} has another’s branch`);
      this.pods.set(branch.pod, { ...pod, address: branch.address });
    }
    for (const set of spec.sets) {
      const addresses = spec.interfaces
        .filter(({ id }) => set.interfaces.includes(id))
        .flatMap((each) => each.addresses);
      for (const uid of set.pods) {
        const pod = this.pods.get(uid);
        const address = addresses.find((each) => !used.has(each));
        if (pod === undefined || pod.address !== undefined || address === undefined) continue;
        if (pod.demand.kind !== 'groups' || setKey(pod.demand.groups) !== set.key)
          throw new Error(`${uid} is in another’s set`);
        used.add(address);
        this.pods.set(uid, { ...pod, address });
      }
    }
    const named = new Set(spec.sets.flatMap(({ interfaces }) => interfaces));
    const releaseAcks = spec.interfaces
      .filter(({ id, purpose }) => purpose === 'groups' && !named.has(id))
      .flatMap(({ addresses }) => addresses)
      .filter((address) => !used.has(address));
    this.record = { ...this.record, status: { protocol: this.protocol, appliedGeneration: generation, releaseAcks } };
  }

  private write(spec: NodeNetworkSpec): void {
    if (JSON.stringify(this.record?.spec) === JSON.stringify(spec)) return;
    const { uid = 'record-1', generation = 0, status } = this.record ?? {};
    this.record = { uid, generation: generation + 1, spec, ...(status === undefined ? {} : { status }) };
  }

  private carryOut(action: Action): void {
    this.done.push(action);
    const foreign = [...this.interfaces.filter(({ interfaceType }) => interfaceType === 'trunk'), ...this.branches];
    if (foreign.some(({ id }) => 'interface' in action && action.interface === id))
      throw new Error(`${action.kind} of what is EKS’s`);
    const outcome = this.call(action);
    const target = 'created' in outcome ? outcome.created.id : outcome.action.interface;
    const now = afterOutcome(
      this.interfaces.find(({ id }) => id === target),
      outcome,
    );
    this.interfaces = [...this.interfaces.filter(({ id }) => id !== target), ...(now === undefined ? [] : [now])];
    this.hold();
  }

  private call(action: Action): Outcome {
    switch (action.kind) {
      case 'create-interface': {
        const { clientToken, kind: _, pool: __, reason: ___, ...parameters } = action;
        if (clientToken.length > 64) throw new Error(`the token ${clientToken} is too long`);
        const spent = this.tokens.get(clientToken);
        if (spent === undefined) {
          const created = this.newInterface(action);
          this.tokens.set(clientToken, { parameters: JSON.stringify(parameters), id: created.id });
          return { action, created };
        }
        if (spent.parameters !== JSON.stringify(parameters)) throw new Error('IdempotentParameterMismatch');
        const created = this.interfaces.find(({ id }) => id === spent.id);
        if (created === undefined) throw new Error(`the token of ${spent.id}, which is gone, came again`);
        return { action, created };
      }
      case 'attach-interface':
        return { action, attachment: `attach-${++this.ids}` };
      case 'assign-addresses':
        return { action, assigned: this.take(action.count) };
      case 'detach-interface': {
        const held = this.interfaces.find(({ id }) => id === action.interface)?.addresses ?? [];
        const used = [...this.pods].find(([, { address }]) => address !== undefined && held.includes(address));
        if (used !== undefined) throw new Error(`${action.interface} is detached under ${used[0]}`);
        return { action };
      }
      case 'delete-interface':
        if (this.interfaces.find(({ id }) => id === action.interface)?.attachment !== undefined)
          throw new Error('in use');
        return { action };
      case 'set-delete-on-termination':
        return { action };
    }
  }

  /** EC2's limits. */
  private hold(): void {
    const attached = this.interfaces.flatMap(({ attachment }) =>
      attachment === undefined ? [] : [attachment.deviceIndex],
    );
    const [most = 0] = this.limits.interfacesByCard;
    if (attached.length > most) throw new Error('AttachmentLimitExceeded');
    if (new Set(attached).size < attached.length) throw new Error('a device index is taken twice');
    for (const { addresses } of this.interfaces) {
      if (addresses.length + 1 > this.limits.addressesPerInterface) throw new Error('PrivateIpAddressLimitExceeded');
    }
  }

  private newInterface(request: {
    readonly groups: readonly string[];
    readonly tags: Readonly<Record<string, string>>;
    readonly secondaryAddresses: number;
  }): ObservedInterface {
    const [primaryAddress = '', ...addresses] = this.take(1 + request.secondaryAddresses);
    return this.made({ ...request, primaryAddress, addresses });
  }

  /** What others make is not counted in the subnet. */
  private newForeign(groups: readonly string[]): ObservedInterface {
    const primaryAddress = this.addresses(1)[0] ?? '';
    return this.made({ groups, tags: {}, primaryAddress, addresses: [] });
  }

  private made(its: Pick<ObservedInterface, 'groups' | 'tags' | 'primaryAddress' | 'addresses'>): ObservedInterface {
    const number = ++this.ids;
    const mac = `02:00:00:00:00:${number.toString(16).padStart(2, '0')}`;
    return {
      id: `eni-${number}`,
      mac,
      subnet: home.id,
      status: 'available',
      interfaceType: 'interface',
      prefixes: [],
      ...its,
    };
  }

  private take(count: number): readonly string[] {
    if (count > this.free) throw new Error('InsufficientFreeAddressesInSubnet');
    this.free -= count;
    return this.addresses(count);
  }

  private addresses(count: number): readonly string[] {
    return Array.from({ length: count }, () => {
      const number = ++this.ids;
      return `10.0.${number >> 8}.${number & 255}`;
    });
  }
}
