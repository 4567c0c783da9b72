/**
 * EC2 in memory, behind the controller's port: client tokens, tags, limits by instance type, addresses from the subnet,
 * and faults on request. `ec2.suite.ts` holds it to what the real calls do.
 */
import { CodedError } from '../../core/errors/coded-error.ts';
import { instanceLimits, type ReportedInstanceType } from '../../core/limits/instance-limits.ts';
import type { Ec2, Ec2Interface, InterfaceFilter } from '../port.ts';
import { attachInterface, detachInterface, settle } from './fake-attachments.ts';
import { type FakeBuilders, fakeBuilders } from './fake-builders.ts';
import { assignAddresses, createInterface, deleteInterface, findInterface, seen } from './fake-interfaces.ts';
import { type FakeQuotas, type StoredInterface, countFree, createFakeWorld } from './fake-world.ts';
import { type Fault, type Verb, createFaults, failWith } from './faults.ts';

export interface FakeCall {
  readonly verb: Verb;
  readonly request: unknown;
}

export interface FakeEc2 extends Ec2, FakeBuilders {
  /** Every call so far, failed ones too. */
  readonly calls: readonly FakeCall[];
  inject(verb: Verb, fault: Fault, times?: number): void;
  /** A type that is newer than our table. */
  addType(type: string, takes: ReportedInstanceType): void;
  /** Descriptions lag behind: they show these, until the returned function is called. */
  answerInterfacesWith(behind: readonly Ec2Interface[]): () => void;
}

export function fakeEc2(options: Partial<FakeQuotas> = {}): FakeEc2 {
  const quotas: FakeQuotas = { groupsPerInterface: 5, settlingReads: 0, ...options };
  const world = createFakeWorld();
  const faults = createFaults();
  const calls: FakeCall[] = [];
  const newTypes = new Map<string, ReportedInstanceType>();
  let shown: readonly Ec2Interface[] | undefined;
  const call = <T>(verb: Verb, request: unknown, effect: () => T): Promise<T> => {
    calls.push({ verb, request });
    return faults.run(verb, effect);
  };

  return {
    ...fakeBuilders(world, quotas),
    calls,
    inject: (verb, fault, times) => faults.inject(verb, fault, times),
    addType: (type, takes) => void newTypes.set(type, takes),
    answerInterfacesWith(behind) {
      shown = behind;
      return () => void (shown = undefined);
    },

    instances: (ids) =>
      call('instances', ids, () =>
        ids.map((id) => {
          const found = world.instances.get(id);
          if (found !== undefined) return { ...found };
          const detail = `InvalidInstanceID.NotFound: The instance ID '${id}' does not exist (DescribeInstances)`;
          throw new CodedError('instance-unknown', { detail });
        }),
      ),
    instanceType: (type) =>
      call('instanceType', type, () => {
        const limits = instanceLimits(type);
        if (limits === undefined) return newTypes.get(type);
        const { interfacesByCard, addressesPerInterface, prefixes } = limits;
        return { interfacesByCard, addressesPerInterface, hypervisor: prefixes ? 'nitro' : 'xen' };
      }),
    vpcCidrs: (vpc) =>
      call('vpcCidrs', vpc, () => {
        const found = world.vpcs.get(vpc);
        if (found !== undefined) return [...found.cidrs];
        const message = `The vpc ID '${vpc}' does not exist`;
        throw failWith('DescribeVpcs', { code: 'InvalidVpcID.NotFound', message, status: 400 });
      }),
    subnets: (vpc) =>
      call('subnets', vpc, () =>
        [...world.subnets.values()]
          .filter((subnet) => subnet.vpc === vpc)
          .map((subnet) => ({ ...subnet, freeAddresses: countFree(world, subnet.cidr) })),
      ),
    interfaces: (filter) =>
      call('interfaces', filter, () => {
        if (shown !== undefined) return shown.filter(matching(filter));
        return [...world.interfaces.values()].filter(matching(filter)).map(read);
      }),
    trunkAssociations: (ids) =>
      call('trunkAssociations', ids, () =>
        ids.map((id) => world.associations.get(id)).filter((found) => found !== undefined),
      ),
    securityGroups: (vpc) =>
      call('securityGroups', vpc, () => [...world.groups.values()].filter((group) => group.vpc === vpc)),
    prefixLists: (ids) =>
      call('prefixLists', ids, () =>
        ids.flatMap((id) => {
          const version = world.prefixLists.get(id)?.length;
          return version === undefined ? [] : [{ id, version }];
        }),
      ),
    prefixListEntries: (request) =>
      call('prefixListEntries', request, () => {
        const versions = world.prefixLists.get(request.list);
        const entries = versions?.at((request.version ?? 0) - 1);
        if (entries !== undefined) return [...entries];
        const message = `The prefix list ID '${request.list}' does not exist`;
        throw failWith('GetManagedPrefixListEntries', { code: 'InvalidPrefixListID.NotFound', message, status: 400 });
      }),

    createInterface: (request) => call('createInterface', request, () => createInterface(world, quotas, request)),
    attachInterface: (request) =>
      call('attachInterface', request, () => ({ attachment: attachInterface(world, quotas, request) })),
    setDeleteOnTermination: (request) =>
      call('setDeleteOnTermination', request, () => {
        const target = findInterface(world, 'ModifyNetworkInterfaceAttribute', request.interface);
        if (target.attachment?.id !== request.attachment) {
          const message = `The attachment '${request.attachment}' does not exist.`;
          throw failWith('ModifyNetworkInterfaceAttribute', {
            code: 'InvalidAttachmentID.NotFound',
            message,
            status: 400,
          });
        }
        target.attachment = { ...target.attachment, deleteOnTermination: true };
      }),
    assignAddresses: (request) => call('assignAddresses', request, () => assignAddresses(world, request)),
    unassignAddresses: (request) =>
      call('unassignAddresses', request, () => {
        const target = world.interfaces.get(request.interface);
        if (target === undefined) return;
        target.addresses = target.addresses.filter((address) => !request.addresses.includes(address));
      }),
    detachInterface: (request) =>
      call('detachInterface', request, () => detachInterface(world, quotas, request.attachment)),
    deleteInterface: (request) => call('deleteInterface', request, () => deleteInterface(world, request.interface)),
  };
}

/** What the reader sees now; seeing it is what moves a transition on. */
function read(stored: StoredInterface): Ec2Interface {
  const answer = seen(stored);
  settle(stored);
  return answer;
}

const matching =
  ({ vpc, ids, instance, tags }: InterfaceFilter) =>
  (each: Ec2Interface): boolean =>
    (vpc === undefined || each.vpc === vpc) &&
    (ids === undefined || ids.includes(each.id)) &&
    (instance === undefined || each.attachment?.instance === instance) &&
    Object.entries(tags ?? {}).every(([key, value]) => each.tags[key] === value);
