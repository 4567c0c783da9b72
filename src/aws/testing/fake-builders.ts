/** What a test builds the fake's world with: what exists before the controller comes. */
import { eksTags } from '../../core/names.ts';
import type { SecurityGroupRule } from '../../core/vpc/model.ts';
import { attachInterface, release } from './fake-attachments.ts';
import { createInterface } from './fake-interfaces.ts';
import { type FakeQuotas, type FakeWorld, type StoredInterface, egressDefault } from './fake-world.ts';

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
  addPrefixList(entries: readonly string[]): string;
  /** Makes the list's next version. */
  setEntries(list: string, entries: readonly string[]): void;
  removePrefixList(list: string): void;
  runInstance(options: { readonly type: string; readonly subnet: string; readonly groups: readonly string[] }): {
    readonly instance: string;
    readonly primaryInterface: string;
  };
  /** As EKS's controller: attached, and to go with the instance. */
  addTrunk(options: {
    readonly instance: string;
    readonly deviceIndex: number;
    readonly groups: readonly string[];
  }): string;
  /** As EKS's controller, which tells trunk and VLAN id in tags; those may be others, or none. */
  addBranch(options: {
    readonly trunk: string;
    readonly vlan: number;
    readonly groups: readonly string[];
    readonly tags?: Readonly<Record<string, string>>;
  }): { readonly branch: string; readonly association: string };
  /** As somebody who gives an interface other groups. */
  setGroups(interfaceId: string, groups: readonly string[]): void;
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
  const make = (
    request: Pick<Parameters<typeof createInterface>[2], 'subnet' | 'groups' | 'tags'>,
  ): StoredInterface => {
    const rest = { description: '', clientToken: world.newId('token'), secondaryAddresses: 0 };
    const { id } = createInterface(world, quotas, { ...request, ...rest });
    return known(world.interfaces.get(id), id);
  };
  const attached = (at: {
    readonly instance: string;
    readonly subnet: string;
    readonly groups: readonly string[];
    readonly deviceIndex: number;
  }): StoredInterface => {
    const { instance, subnet, groups, deviceIndex } = at;
    const made = make({ subnet, groups, tags: {} });
    attachInterface(world, { ...quotas, settlingReads: 0 }, { interface: made.id, instance, deviceIndex, card: 0 });
    if (made.attachment !== undefined) made.attachment = { ...made.attachment, deleteOnTermination: true };
    return made;
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
    addPrefixList(entries) {
      const id = world.newId('pl');
      world.prefixLists.set(id, [entries]);
      return id;
    },
    setEntries(list, entries) {
      world.prefixLists.set(list, [...known(world.prefixLists.get(list), list), entries]);
    },
    removePrefixList: (list) => void world.prefixLists.delete(list),
    runInstance({ type, subnet, groups }) {
      const { vpc, zone } = known(world.subnets.get(subnet), subnet);
      const instance = world.newId('i');
      world.instances.set(instance, { id: instance, type, zone, vpc, subnet, state: 'running' });
      return { instance, primaryInterface: attached({ instance, subnet, groups, deviceIndex: 0 }).id };
    },
    addTrunk({ instance, deviceIndex, groups }) {
      const { subnet } = known(world.instances.get(instance), instance);
      const made = attached({ instance, subnet, groups, deviceIndex });
      made.interfaceType = 'trunk';
      return made.id;
    },
    addBranch({ trunk, vlan, groups, tags = { [eksTags.trunk]: trunk, [eksTags.vlan]: String(vlan) } }) {
      const { subnet } = known(world.interfaces.get(trunk), trunk);
      const made = make({ subnet, groups, tags });
      made.interfaceType = 'branch';
      made.status = 'in-use';
      const association = world.newId('trunk-assoc');
      world.associations.set(association, { id: association, trunk, branch: made.id, vlan });
      return { branch: made.id, association };
    },
    setGroups(id, groups) {
      known(world.interfaces.get(id), id).groups = [...groups];
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
