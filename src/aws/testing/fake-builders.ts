/** What a test builds the fake's world with: what exists before the controller comes. */
import type { SecurityGroupRule } from '../../core/vpc/model.ts';
import { attachInterface, release } from './fake-attachments.ts';
import { createInterface } from './fake-interfaces.ts';
import { type FakeQuotas, type FakeWorld, egressDefault } from './fake-world.ts';

export interface FakeBuilders {
  addVpc(options: { readonly cidrs: readonly string[] }): string;
  addCidr(vpc: string, cidr: string): void;
  addSubnet(options: {
    readonly vpc: string;
    readonly cidr: string;
    readonly zone: string;
    readonly tags?: Readonly<Record<string, string>>;
  }): string;
  /** Without rules it lets everything out and nothing in. */
  addGroup(options: {
    readonly vpc: string;
    readonly groupName: string;
    readonly nameTag?: string;
    readonly rules?: readonly Omit<SecurityGroupRule, 'id'>[];
  }): string;
  setRules(group: string, rules: readonly Omit<SecurityGroupRule, 'id'>[]): void;
  runInstance(options: { readonly type: string; readonly subnet: string; readonly groups: readonly string[] }): {
    readonly instance: string;
    readonly primaryInterface: string;
  };
  /** Takes with it the interfaces that are to go with it; the others become available. */
  terminateInstance(instance: string): void;
}

export function fakeBuilders(world: FakeWorld, quotas: FakeQuotas): FakeBuilders {
  const withIds = (rules: readonly Omit<SecurityGroupRule, 'id'>[]): readonly SecurityGroupRule[] =>
    rules.map((rule) => ({ id: world.newId('sgr'), ...rule }));
  const known = <T>(found: T | undefined, id: string): T => {
    if (found === undefined) throw new Error(`the fake has no ${id}`);
    return found;
  };
  return {
    addVpc({ cidrs }) {
      const id = world.newId('vpc');
      world.vpcs.set(id, { cidrs });
      return id;
    },
    addCidr(vpc, cidr) {
      world.vpcs.set(vpc, { cidrs: [...known(world.vpcs.get(vpc), vpc).cidrs, cidr] });
    },
    addSubnet({ vpc, cidr, zone, tags = {} }) {
      const id = world.newId('subnet');
      world.subnets.set(id, { id, vpc, cidr, zone, tags });
      return id;
    },
    addGroup({ vpc, groupName, nameTag, rules }) {
      const id = world.newId('sg');
      world.groups.set(id, {
        id,
        vpc,
        groupName,
        ...(nameTag !== undefined && { nameTag }),
        rules: rules === undefined ? [egressDefault(world)] : withIds(rules),
      });
      return id;
    },
    setRules(group, rules) {
      world.groups.set(group, { ...known(world.groups.get(group), group), rules: withIds(rules) });
    },
    runInstance({ type, subnet, groups }) {
      const { vpc, zone } = known(world.subnets.get(subnet), subnet);
      const instance = world.newId('i');
      world.instances.set(instance, { id: instance, type, zone, vpc, subnet, state: 'running' });
      const made = createInterface(world, quotas, {
        subnet,
        groups,
        description: '',
        tags: {},
        clientToken: world.newId('run'),
        secondaryAddresses: 0,
      });
      attachInterface(
        world,
        { ...quotas, settlingReads: 0 },
        { interface: made.id, instance, deviceIndex: 0, card: 0 },
      );
      const primary = known(world.interfaces.get(made.id), made.id);
      if (primary.attachment !== undefined) primary.attachment = { ...primary.attachment, deleteOnTermination: true };
      return { instance, primaryInterface: made.id };
    },
    terminateInstance(instance) {
      known(world.instances.get(instance), instance).state = 'terminated';
      for (const each of world.interfaces.values()) {
        if (each.attachment?.instance !== instance) continue;
        if (each.attachment.deleteOnTermination) world.interfaces.delete(each.id);
        else release(each);
      }
    },
  };
}
