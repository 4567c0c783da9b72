/**
 * What an instance type takes: interfaces, addresses, branch interfaces. From a table of what AWS publishes; of types
 * that are newer than the table, from what EC2 reports (`DescribeInstanceTypes`).
 */
import { instanceLimitRows } from './instance-limits.gen.ts';

export interface InstanceLimits {
  /** On all cards together. */
  readonly interfaces: number;
  /** By card; card 0 is the default one and carries device 0. */
  readonly interfacesByCard: readonly number[];
  /** The primary one counts, each /28 prefix counts as one. IPv6 has as many of its own, with /80 prefixes. */
  readonly addressesPerInterface: number;
  /** Prefixes work on Nitro and bare metal only. */
  readonly prefixes: boolean;
  /** 0 where trunk interfaces do not work. */
  readonly branchInterfaces: number;
}

/** The fields of EC2's `NetworkInfo` and its neighbours that limits follow from. */
export interface ReportedInstanceType {
  readonly interfacesByCard: readonly number[];
  readonly addressesPerInterface: number;
  /** `nitro`, `xen`; absent for bare metal. */
  readonly hypervisor?: string;
}

/** undefined: the table is older than the type; ask EC2 and use {@link reportedLimits}. */
export function instanceLimits(type: string): InstanceLimits | undefined {
  if (!Object.hasOwn(instanceLimitRows, type)) return undefined;
  const row = instanceLimitRows[type];
  if (row === undefined) return undefined;
  const [addressesPerInterface, branchInterfaces, runsOn, ...interfacesByCard] = row;
  return {
    interfaces: total(interfacesByCard),
    interfacesByCard,
    addressesPerInterface,
    prefixes: runsOn !== 'xen',
    branchInterfaces,
  };
}

/** EC2 does not report branch interfaces, so an unknown type has none and serves groups by shared interfaces alone. */
export const reportedLimits = (reported: ReportedInstanceType): InstanceLimits => ({
  interfaces: total(reported.interfacesByCard),
  interfacesByCard: reported.interfacesByCard,
  addressesPerInterface: reported.addressesPerInterface,
  prefixes: reported.hypervisor !== 'xen',
  branchInterfaces: 0,
});

const total = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0);
