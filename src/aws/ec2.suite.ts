/**
 * What every implementation of the `Ec2` port must do: the fake, and `createEc2` on the lab's cloud or on an account.
 * It leaves the interfaces that it makes to whoever takes the VPC away.
 */
import { beforeAll, describe, expect, it } from 'vitest';

import { ipv4 } from '../core/address/ipv4.ts';
import { containsAddress, prefix4 } from '../core/address/prefix.ts';
import type { ErrorCode } from '../core/errors/catalogue.ts';
import { CodedError } from '../core/errors/coded-error.ts';
import type { Ec2, Ec2Interface } from './port.ts';

/** A VPC as the suite wants it. */
export interface Ec2ContractWorld {
  readonly ec2: Ec2;
  readonly vpc: string;
  /** The VPC's ranges, the primary one first. */
  readonly cidrs: readonly string[];
  readonly zone: string;
  /** A subnet of at least /24. */
  readonly subnet: string;
  readonly subnetCidr: string;
  /** A subnet of /28: eleven addresses. */
  readonly smallSubnet: string;
  /** A running t3.small in {@link subnet}: three interfaces with four addresses each. */
  readonly instance: string;
  /** `Name` tag `sg-web`, group name `web`; no rules beside the egress default. */
  readonly web: string;
  /** Without a `Name` tag, group name `db`; lets in tcp 5432 from {@link web}, tcp 80-90 from 10.1.0.0/16 and all icmp from 0.0.0.0/0. */
  readonly db: string;
  /** A prefix list in its second version, of {@link contractEntries}; the first had {@link contractEntriesBefore} alone. */
  readonly prefixList: string;
  /** Between two reads of something that changes; default none. */
  readonly pause?: () => Promise<void>;
}

export const contractEntriesBefore: readonly string[] = ['10.200.0.0/24'];
/** More than EC2 gives on one page. */
export const contractEntries: readonly string[] = Array.from({ length: 101 }, (_, index) => `10.200.${index}.0/24`);

export interface Ec2ContractOptions {
  readonly name: string;
  readonly makeWorld: () => Promise<Ec2ContractWorld>;
}

/** Well-formed ids that nobody has. */
const nobody = { id: 'eni-0ffffffffffffffff', attachment: 'eni-attach-0ffffffffffffffff', rest: '0ffffffffffffffff' };

export function ec2Contract({ name, makeWorld }: Ec2ContractOptions): void {
  describe(`the EC2 port: ${name}`, () => {
    let world: Ec2ContractWorld;
    let ec2: Ec2;
    beforeAll(async () => {
      world = await makeWorld();
      ec2 = world.ec2;
    });

    let tokens = 0;
    const create = (more: Partial<Parameters<Ec2['createInterface']>[0]> = {}): Promise<Ec2Interface> =>
      ec2.createInterface({
        subnet: world.subnet,
        groups: [world.web],
        description: 'contract',
        tags: { 'branchline.dev/set': 'contract' },
        clientToken: `contract-${++tokens}`,
        secondaryAddresses: 0,
        ...more,
      });
    const one = async (id: string): Promise<Ec2Interface> => {
      const [found] = await ec2.interfaces({ ids: [id] });
      if (found === undefined) throw new Error(`${id} is not there`);
      return found;
    };
    const until = async (id: string, is: (found: Ec2Interface) => boolean): Promise<Ec2Interface> => {
      for (let attempt = 0; attempt < 300; attempt++) {
        const found = await one(id);
        if (is(found)) return found;
        await world.pause?.();
      }
      throw new Error(`${id} did not become as expected`);
    };
    const attach = async (id: string, deviceIndex: number): Promise<string> => {
      const { attachment } = await ec2.attachInterface({
        interface: id,
        instance: world.instance,
        deviceIndex,
        card: 0,
      });
      await until(id, (found) => found.attachment?.status === 'attached');
      return attachment;
    };
    const remove = async (id: string, attachment: string): Promise<void> => {
      await ec2.detachInterface({ attachment });
      await until(id, (found) => found.attachment === undefined);
      await ec2.deleteInterface({ interface: id });
    };
    const refusedWith = async (code: ErrorCode, work: Promise<unknown>): Promise<CodedError> => {
      const error = await work.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof CodedError)) throw new Error(`expected ${code}, got ${String(error)}`);
      expect(error.code, error.detail).toBe(code);
      return error;
    };
    const freeIn = async (subnet: string): Promise<number | undefined> =>
      (await ec2.subnets(world.vpc)).find(({ id }) => id === subnet)?.freeAddresses;

    describe('what is there', () => {
      it('tells an instance’s type, zone, VPC, subnet and state', async () => {
        expect(await ec2.instances([world.instance])).toEqual([
          {
            id: world.instance,
            type: 't3.small',
            zone: world.zone,
            vpc: world.vpc,
            subnet: world.subnet,
            state: 'running',
          },
        ]);
      });

      it('says so when an instance is unknown', async () => {
        const error = await refusedWith('instance-unknown', ec2.instances([world.instance, `i-${nobody.rest}`]));
        expect(error.detail).toMatch(/^InvalidInstanceID\.NotFound: /);
      });

      it('asks nothing of EC2 for no instances', async () => {
        expect(await ec2.instances([])).toEqual([]);
      });

      it('tells what an instance type takes, and that it does not know one', async () => {
        expect(await ec2.instanceType('t3.small')).toEqual({
          interfacesByCard: [3],
          addressesPerInterface: 4,
          hypervisor: 'nitro',
        });
        expect(await ec2.instanceType('m99.large')).toBeUndefined();
      });

      it('lists the ranges of a VPC, the primary one first', async () => {
        expect(await ec2.vpcCidrs(world.vpc)).toEqual(world.cidrs);
        await refusedWith('ec2-not-found', ec2.vpcCidrs(`vpc-${nobody.rest}`));
      });

      it('lists the subnets of a VPC with what is free in each', async () => {
        const subnets = await ec2.subnets(world.vpc);
        expect(subnets.map(({ id }) => id).sort()).toEqual([world.smallSubnet, world.subnet].sort());
        expect(subnets.find(({ id }) => id === world.smallSubnet)).toMatchObject({
          vpc: world.vpc,
          zone: world.zone,
          freeAddresses: 11,
        });
        expect(await ec2.subnets(`vpc-${nobody.rest}`)).toEqual([]);
      });

      it('lists groups with names and with rules that have ids', async () => {
        const groups = await ec2.securityGroups(world.vpc);
        const web = groups.find(({ id }) => id === world.web);
        expect(web).toMatchObject({ vpc: world.vpc, groupName: 'web', nameTag: 'sg-web' });
        const db = groups.find(({ id }) => id === world.db);
        expect(db).toMatchObject({ groupName: 'db' });
        expect(db).not.toHaveProperty('nameTag');
        for (const rule of db?.rules ?? []) expect(rule.id).toMatch(/^sgr-[0-9a-f]{17}$/);
        const rules = (db?.rules ?? []).map((rule) => JSON.stringify({ ...rule, id: undefined })).sort();
        expect(rules.map((rule) => JSON.parse(rule) as unknown)).toEqual([
          { direction: 'egress', protocol: '-1', peer: { kind: 'cidr', cidr: '0.0.0.0/0' } },
          {
            direction: 'ingress',
            protocol: 'icmp',
            fromPort: -1,
            toPort: -1,
            peer: { kind: 'cidr', cidr: '0.0.0.0/0' },
          },
          {
            direction: 'ingress',
            protocol: 'tcp',
            fromPort: 5432,
            toPort: 5432,
            peer: { kind: 'group', group: world.web },
          },
          {
            direction: 'ingress',
            protocol: 'tcp',
            fromPort: 80,
            toPort: 90,
            peer: { kind: 'cidr', cidr: '10.1.0.0/16' },
          },
        ]);
      });

      it('tells the version of prefix lists and all entries of each version, and leaves unknown ids out', async () => {
        const unknown = `pl-${nobody.rest}`;
        expect(await ec2.prefixLists([])).toEqual([]);
        expect(await ec2.prefixLists([unknown, world.prefixList])).toEqual([{ id: world.prefixList, version: 2 }]);
        const entries = async (version?: number) =>
          (
            await ec2.prefixListEntries({ list: world.prefixList, ...(version !== undefined && { version }) })
          ).toSorted();
        expect(await entries()).toEqual(contractEntries.toSorted());
        expect(await entries(2)).toEqual(contractEntries.toSorted());
        expect(await entries(1)).toEqual(contractEntriesBefore);
        await refusedWith('ec2-not-found', ec2.prefixListEntries({ list: unknown }));
      });

      it('finds interfaces by id, by instance and by tags, and leaves unknown ids out', async () => {
        const tagged = await create({ tags: { 'branchline.dev/set': 'find', color: 'a*' } });
        const other = await create({ tags: { 'branchline.dev/set': 'find', color: 'ab' } });
        const ids = async (filter: Parameters<Ec2['interfaces']>[0]) =>
          (await ec2.interfaces(filter)).map(({ id }) => id).sort();
        expect(await ids({ ids: [tagged.id, nobody.id] })).toEqual([tagged.id]);
        expect(await ids({ ids: [] })).toEqual([]);
        expect(await ids({ tags: { 'branchline.dev/set': 'find' } })).toEqual([tagged.id, other.id].sort());
        // A star in a value is a star, not a wildcard.
        expect(await ids({ tags: { 'branchline.dev/set': 'find', color: 'a*' } })).toEqual([tagged.id]);
        const [primary] = await ec2.interfaces({ instance: world.instance });
        expect(primary?.attachment).toMatchObject({
          instance: world.instance,
          deviceIndex: 0,
          card: 0,
          status: 'attached',
          deleteOnTermination: true,
        });
        expect(await ids({ vpc: world.vpc })).toEqual(expect.arrayContaining([tagged.id, other.id, primary?.id]));
        expect(await ids({ vpc: 'vpc-0ffffffffffffffff' })).toEqual([]);
        expect(await ids({})).toEqual(expect.arrayContaining([tagged.id, other.id, primary?.id]));
        for (const { id } of [tagged, other]) await ec2.deleteInterface({ interface: id });
      });
    });

    describe('trunks', () => {
      it('have no association under an id that nobody has, and nothing is asked for none', async () => {
        expect(await ec2.trunkAssociations([`trunk-assoc-${nobody.rest}`, 'trunk-assoc-0fffffffffffffffe'])).toEqual(
          [],
        );
        expect(await ec2.trunkAssociations([])).toEqual([]);
      });
    });

    describe('making an interface', () => {
      it('gives it groups, tags and addresses of the subnet that EC2 does not reserve', async () => {
        const before = await freeIn(world.subnet);
        const made = await create({ groups: [world.web, world.db], secondaryAddresses: 2, tags: { a: '1', b: '' } });
        const found = await one(made.id);
        expect(found).toMatchObject({
          subnet: world.subnet,
          vpc: world.vpc,
          status: 'available',
          interfaceType: 'interface',
          tags: { a: '1', b: '' },
          prefixes: [],
        });
        expect(found.attachment).toBeUndefined();
        expect([...found.groups].sort()).toEqual([world.web, world.db].sort());
        expect(found.mac).toMatch(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/);
        const addresses = [found.primaryAddress, ...found.addresses];
        expect(new Set(addresses).size).toBe(3);
        const range = prefix4(world.subnetCidr);
        for (const address of addresses.map(ipv4)) {
          expect(containsAddress(range, address)).toBe(true);
          expect(address - range.base).toBeGreaterThanOrEqual(4);
        }
        expect({ ...made, status: '' }).toEqual({ ...found, status: '' });
        expect(await freeIn(world.subnet)).toBe((before ?? 0) - 3);
        await ec2.deleteInterface({ interface: made.id });
        expect(await freeIn(world.subnet)).toBe(before);
      });

      it('gives the same interface for the same token', async () => {
        const made = await create({ clientToken: 'contract-same' });
        const again = await create({ clientToken: 'contract-same' });
        expect(again.id).toBe(made.id);
        await ec2.deleteInterface({ interface: made.id });
      });

      it('refuses a token that was used with other parameters', async () => {
        const made = await create({ clientToken: 'contract-other' });
        await refusedWith('ec2-token-mismatch', create({ clientToken: 'contract-other', secondaryAddresses: 1 }));
        await ec2.deleteInterface({ interface: made.id });
      });

      it('refuses an unknown subnet and an unknown group', async () => {
        await refusedWith('ec2-not-found', create({ subnet: `subnet-${nobody.rest}` }));
        const error = await refusedWith('ec2-not-found', create({ groups: [`sg-${nobody.rest}`] }));
        expect(error.detail).toMatch(/^InvalidGroup\.NotFound: /);
      });

      it('says that a subnet is full, and takes nothing from it', async () => {
        await refusedWith('subnet-full', create({ subnet: world.smallSubnet, secondaryAddresses: 11 }));
        expect(await freeIn(world.smallSubnet)).toBe(11);
      });
    });

    describe('attaching', () => {
      it('shows the attachment, keeps it on repetition, and frees the index again', async () => {
        const { id } = await create();
        const attachment = await attach(id, 1);
        expect(await attach(id, 1)).toBe(attachment);
        expect(await one(id)).toMatchObject({
          status: 'in-use',
          attachment: { id: attachment, instance: world.instance, deviceIndex: 1, card: 0, deleteOnTermination: false },
        });
        expect((await ec2.interfaces({ instance: world.instance })).map((each) => each.id)).toContain(id);
        await ec2.setDeleteOnTermination({ interface: id, attachment });
        expect((await one(id)).attachment?.deleteOnTermination).toBe(true);
        await remove(id, attachment);
        expect(await ec2.interfaces({ ids: [id] })).toEqual([]);
      });

      it('refuses an index that is taken and an interface that is attached elsewhere', async () => {
        const [first, second] = [await create(), await create()];
        const attachment = await attach(first.id, 1);
        const at = (id: string, deviceIndex: number) =>
          ec2.attachInterface({ interface: id, instance: world.instance, deviceIndex, card: 0 });
        await refusedWith('ec2-busy', at(second.id, 1));
        await refusedWith('ec2-busy', at(first.id, 2));
        await remove(first.id, attachment);
        await ec2.deleteInterface({ interface: second.id });
      });

      it('stops at what the instance type takes', async () => {
        const made = [await create(), await create(), await create()];
        const [a, b, c] = made.map(({ id }) => id);
        if (a === undefined || b === undefined || c === undefined) throw new Error('unreachable');
        const attachments = [await attach(a, 1), await attach(b, 2)];
        const third = ec2.attachInterface({ interface: c, instance: world.instance, deviceIndex: 3, card: 0 });
        const error = await refusedWith('interface-slots-exhausted', third);
        expect(error.detail).toMatch(/^AttachmentLimitExceeded: /);
        await remove(a, attachments[0] ?? '');
        await remove(b, attachments[1] ?? '');
        await ec2.deleteInterface({ interface: c });
      });

      it('refuses to delete an attached interface', async () => {
        const { id } = await create();
        const attachment = await attach(id, 1);
        await refusedWith('ec2-busy', ec2.deleteInterface({ interface: id }));
        await remove(id, attachment);
      });

      it('does not know an interface or an instance that is not there', async () => {
        const at = (id: string, instance: string) =>
          ec2.attachInterface({ interface: id, instance, deviceIndex: 1, card: 0 });
        await refusedWith('ec2-not-found', at(nobody.id, world.instance));
        const { id } = await create();
        await refusedWith('ec2-not-found', at(id, `i-${nobody.rest}`));
        await ec2.deleteInterface({ interface: id });
      });
    });

    describe('addresses', () => {
      it('come one by one up to what the type takes, and go again', async () => {
        const { id } = await create();
        const attachment = await attach(id, 1);
        const assigned = await ec2.assignAddresses({ interface: id, count: 2 });
        expect(assigned).toHaveLength(2);
        expect([...(await one(id)).addresses].sort()).toEqual([...assigned].sort());
        const error = await refusedWith('ec2-limit-reached', ec2.assignAddresses({ interface: id, count: 2 }));
        expect(error.detail).toMatch(/^PrivateIpAddressLimitExceeded: /);
        await ec2.unassignAddresses({ interface: id, addresses: assigned.slice(0, 1) });
        expect((await one(id)).addresses).toEqual(assigned.slice(1));
        await remove(id, attachment);
      });

      it('go although some of them are gone already', async () => {
        const { id, addresses } = await create({ secondaryAddresses: 2 });
        await ec2.unassignAddresses({ interface: id, addresses: addresses.slice(0, 1) });
        await ec2.unassignAddresses({ interface: id, addresses });
        await ec2.unassignAddresses({ interface: id, addresses });
        expect((await one(id)).addresses).toEqual([]);
        await ec2.deleteInterface({ interface: id });
        await ec2.unassignAddresses({ interface: id, addresses });
      });

      it('say that the subnet is full', async () => {
        const { id } = await create({ subnet: world.smallSubnet });
        await refusedWith('subnet-full', ec2.assignAddresses({ interface: id, count: 11 }));
        await ec2.deleteInterface({ interface: id });
      });

      it('are not assigned to an interface that is not there', async () => {
        await refusedWith('ec2-not-found', ec2.assignAddresses({ interface: nobody.id, count: 1 }));
      });
    });

    it('takes what is gone already for success', async () => {
      const { id } = await create();
      await ec2.deleteInterface({ interface: id });
      await ec2.deleteInterface({ interface: id });
      await ec2.detachInterface({ attachment: nobody.attachment });
    });
  });
}
