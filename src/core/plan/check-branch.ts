/**
 * Whether a pod may have the branch interface that its annotation claims. The annotation may be anybody's: what it says
 * counts only where EC2 shows the same.
 */
import { CodedError } from '../errors/coded-error.ts';
import { sortedGroups } from '../groups/set-key.ts';
import { eksTags } from '../names.ts';
import type { BranchRecord } from '../records/node-network.ts';
import type { PodEni } from '../records/pod-eni.ts';
import { subnetOf } from './observed-subnet.ts';
import type { NodeSnapshot, ObservedBranch } from './snapshot.ts';

export type BranchCheck =
  | { readonly kind: 'proven'; readonly branch: Omit<BranchRecord, 'pod'> }
  /** `mayPass`: EC2's descriptions lag behind what EKS's controller has done, and this may be all. */
  | { readonly kind: 'refused'; readonly error: CodedError; readonly mayPass: boolean };

export interface BranchClaim {
  readonly eni: PodEni;
  /** Sorted ids that it must have; undefined: whatever it has, since the pod runs with it. */
  readonly groups: readonly string[] | undefined;
}

type Facts = Pick<NodeSnapshot, 'branches' | 'subnets'> & { readonly trunks: ReadonlySet<string> };

export function checkBranch({ eni, groups }: BranchClaim, { branches, subnets, trunks }: Facts): BranchCheck {
  const seen = branches.find(({ id }) => id === eni.id);
  if (seen === undefined) return mayPass(new CodedError('ec2-not-found', { detail: eni.id }));
  if (seen.interfaceType === 'interface') return mayPass(mismatch(`${eni.id} is no branch interface`));
  if (seen.interfaceType !== 'branch') return refused(mismatch(`${eni.id} is of type ${seen.interfaceType}`));
  if (seen.mac !== eni.mac) return refused(mismatch(`ifAddress is ${eni.mac}, that of ${eni.id} is ${seen.mac}`));
  if (seen.primaryAddress !== eni.address) {
    return refused(mismatch(`privateIp is ${eni.address}, that of ${eni.id} is ${seen.primaryAddress}`));
  }
  const place = placeOf(seen);
  if (place === undefined) {
    const detail = `of ${eni.id} neither an association is known nor the tags ${eksTags.trunk} and ${eksTags.vlan}`;
    return mayPass(new CodedError('pod-eni-unproven', { detail }));
  }
  if (place.vlan !== eni.vlan) return refused(mismatch(`vlanId is ${eni.vlan}, that of ${eni.id} is ${place.vlan}`));
  if (!trunks.has(place.trunk)) return mayPass(mismatch(`${place.trunk}, its trunk, is not on this instance`));
  const has = sortedGroups(seen.groups);
  if (groups !== undefined && has.join() !== groups.join()) {
    return refused(mismatch(`${eni.id} has ${has.join(', ')}, and the pod asks for ${groups.join(', ')}`));
  }
  const range = subnetOf(seen, subnets);
  if (range instanceof CodedError) return mayPass(range);
  const { id, mac, primaryAddress: address } = seen;
  return { kind: 'proven', branch: { id, mac, ...place, ...range, groups: has, address } };
}

/** An association is EC2's own word. Tags are the word of whoever may write them in EC2, which no tenant can. */
export function placeOf({
  association,
  tags,
}: ObservedBranch): { readonly trunk: string; readonly vlan: number } | undefined {
  if (association !== undefined) return association;
  const { [eksTags.trunk]: trunk, [eksTags.vlan]: vlan = '' } = tags;
  return trunk === undefined || !/^\d{1,4}$/.test(vlan) ? undefined : { trunk, vlan: Number(vlan) };
}

const mismatch = (detail: string): CodedError => new CodedError('pod-eni-mismatch', { detail });
const refused = (error: CodedError): BranchCheck => ({ kind: 'refused', error, mayPass: false });
const mayPass = (error: CodedError): BranchCheck => ({ kind: 'refused', error, mayPass: true });
