/**
 * One node with an instance, its agent and a controller that plans, all in memory. EC2's limits hold: an action that EC2
 * would refuse throws. What a controller remembers can be lost at any moment.
 */
import { setKey } from '../../groups/set-key.ts';
import type { NodeNetworkSpec } from '../../records/node-network.ts';
import type { Action } from '../action.ts';
import { type NodePlan, planNode } from '../node.ts';
import { afterOutcome, type Outcome } from '../outcome.ts';
import type { KnownRecord, NodeSnapshot, ObservedInterface, PodDemand, PodFact } from '../snapshot.ts';

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
  /** By UID. */
  readonly pods = new Map<string, { demand: PodDemand; address?: string }>();
  readonly done: Action[] = [];
  private idleSinceMs: ReadonlyMap<string, number> = new Map();
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
    this.pods.set(uid, { demand: groups.length === 0 ? { kind: 'node' } : { kind: 'groups', groups } });
  }

  snapshot(): NodeSnapshot {
    const pods: readonly PodFact[] = [...this.pods].map(([uid, pod]) => ({ uid, ...pod }));
    return {
      instance,
      vpc: { id: 'vpc-1', cidrs: ['10.0.0.0/16'] },
      limits: this.limits,
      subnets: [{ ...home, freeAddresses: this.free }],
      interfaces: this.interfaces,
      pods,
      record: this.record,
      idleSinceMs: this.idleSinceMs,
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
    this.write(plan.spec);
    for (const action of plan.actions) if (choose(action)) this.carryOut(action);
    return plan;
  }

  /** Steps until nothing is left to do; throws when that never comes. */
  converge(): NodePlan {
    for (let steps = 0; steps < 50; steps++) {
      const before = this.record;
      const plan = this.step();
      if (plan.actions.length === 0 && this.record === before) return plan;
      this.endTransitions();
    }
    throw new Error('the plans do not come to an end');
  }

  /** A controller that has lost all that it remembered. */
  crash(): void {
    this.idleSinceMs = new Map();
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
    this.record = { ...this.record, status: { protocol: 1, appliedGeneration: generation, releaseAcks } };
  }

  private write(spec: NodeNetworkSpec): void {
    if (JSON.stringify(this.record?.spec) === JSON.stringify(spec)) return;
    const { uid = 'record-1', generation = 0, status } = this.record ?? {};
    this.record = { uid, generation: generation + 1, spec, ...(status === undefined ? {} : { status }) };
  }

  private carryOut(action: Action): void {
    this.done.push(action);
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
    const number = ++this.ids;
    const [primaryAddress = '', ...addresses] = this.take(1 + request.secondaryAddresses);
    const { groups, tags } = request;
    const mac = `02:00:00:00:00:${number.toString(16).padStart(2, '0')}`;
    return {
      id: `eni-${number}`,
      mac,
      subnet: home.id,
      status: 'available',
      groups,
      tags,
      primaryAddress,
      addresses,
      prefixes: [],
    };
  }

  private take(count: number): readonly string[] {
    if (count > this.free) throw new Error('InsufficientFreeAddressesInSubnet');
    this.free -= count;
    return Array.from({ length: count }, () => {
      const number = ++this.ids;
      return `10.0.${number >> 8}.${number & 255}`;
    });
  }
}
