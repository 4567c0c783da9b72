/** What an instance type takes: from the table, and of a newer type what EC2 reports, asked once. */
import type { Ec2 } from '../../aws/port.ts';
import { CodedError } from '../../core/errors/coded-error.ts';
import { type InstanceLimits, instanceLimits, reportedLimits } from '../../core/limits/instance-limits.ts';

/** Throws ec2-* and instance-type-unknown. */
export type TypeLimits = (type: string) => Promise<InstanceLimits>;

export function createTypeLimits(ec2: Pick<Ec2, 'instanceType'>): TypeLimits {
  const reports = new Map<string, InstanceLimits>();
  return async (type) => {
    const known = instanceLimits(type) ?? reports.get(type);
    if (known !== undefined) return known;
    const reported = await ec2.instanceType(type);
    if (reported === undefined) throw new CodedError('instance-type-unknown', { detail: type });
    const limits = reportedLimits(reported);
    reports.set(type, limits);
    return limits;
  };
}
