/**
 * `SecurityGroup` (branchline.dev/v1alpha1, cluster-scoped, named by the group's id): the rules of a group in use, as
 * the controller last read them from EC2. Never its members: those follow from the sets on each node.
 */
import type { SecurityGroupRule } from '../vpc/model.ts';
import type { ObjectMeta } from './node-network.ts';

export interface SecurityGroupSpec {
  readonly vpc: string;
  /** The names that a request may use for it: the value of its `Name` tag where it has one, and its group name. */
  readonly nameTag?: string;
  readonly groupName: string;
  readonly rules: readonly SecurityGroupRule[];
  /** The entries of the prefix lists that the rules name, as CIDRs by id; a list that is absent here matches nothing. */
  readonly prefixLists?: Readonly<Record<string, readonly string[]>>;
}

export interface SecurityGroupRecord {
  readonly apiVersion: 'branchline.dev/v1alpha1';
  readonly kind: 'SecurityGroup';
  readonly metadata: ObjectMeta;
  readonly spec: SecurityGroupSpec;
}
