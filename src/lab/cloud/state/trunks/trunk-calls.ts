/**
 * Trunk associations. EC2 publishes no refusal of theirs, so what is said here beside unknown ids is the lab's own. An
 * account that EC2 has not admitted can have no trunk interface, and so nothing to associate.
 */
import type {
  AssociateTrunkInterfaceRequest,
  AssociateTrunkInterfaceResult,
  DescribeTrunkInterfaceAssociationsRequest,
  DescribeTrunkInterfaceAssociationsResult,
  DisassociateTrunkInterfaceRequest,
  DisassociateTrunkInterfaceResult,
  TrunkInterfaceAssociation,
} from '@aws-sdk/client-ec2';

import { applyFilters } from '../describe/filters.ts';
import { paginate } from '../describe/paginate.ts';
import type { Draft, View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { rememberToken, usedToken } from '../idempotency.ts';
import { limitsOf } from '../interfaces/limits.ts';
import { newId } from '../random.ts';
import { required } from '../resource-kinds.ts';
import type { InterfaceEntity } from '../tables.ts';
import { answerTags } from '../tags/tags.ts';

type Branch = InterfaceEntity & { readonly trunk: NonNullable<InterfaceEntity['trunk']> };
const isBranch = (entity: InterfaceEntity): entity is Branch => entity.trunk !== undefined;
const action = 'AssociateTrunkInterface';

export function associateTrunkInterface(
  draft: Draft,
  request: AssociateTrunkInterfaceRequest,
): AssociateTrunkInterfaceResult {
  const answer = (branch: Branch): AssociateTrunkInterfaceResult => ({
    InterfaceAssociation: answerAssociation(branch),
    ClientToken: request.ClientToken,
  });
  const [made] = usedToken(draft, action, request) ?? [];
  if (made !== undefined) {
    const known = required(draft, 'interface', made);
    if (isBranch(known)) return answer(known);
  }
  const entity = required(draft, 'interface', request.BranchInterfaceId ?? '');
  const trunk = required(draft, 'interface', request.TrunkInterfaceId ?? '');
  const vlan = request.VlanId;
  if (trunk.type !== 'trunk') throw invalid(`The network interface '${trunk.id}' is not a trunk interface.`);
  if (vlan === undefined || vlan < 1 || vlan > 4094) throw invalid(`Value (${vlan}) for parameter vlanId is invalid.`);
  if (entity.type === 'trunk' || entity.attachment !== undefined || isBranch(entity)) {
    throw invalid(`Network interface '${entity.id}' is currently in use.`);
  }
  if (entity.zone !== trunk.zone || entity.vpc !== trunk.vpc) {
    throw invalid(`The network interfaces '${entity.id}' and '${trunk.id}' are not in the same availability zone.`);
  }
  const others = branchesOf(draft, trunk.id);
  if (others.some((other) => other.trunk.vlan === vlan)) {
    throw invalid(`The VLAN ID ${vlan} is in use on the trunk interface '${trunk.id}'.`);
  }
  mustFit(draft, trunk, others.length + 1);
  const branch: Branch = {
    ...entity,
    type: 'branch',
    trunk: { association: newId(draft, 'trunk-assoc'), interface: trunk.id, vlan },
  };
  draft.put('interfaces', branch);
  rememberToken(draft, { action, request, resources: [branch.id] });
  return answer(branch);
}

const invalid = (message: string): Ec2Error => new Ec2Error('InvalidParameterValue', message);

const branchesOf = (view: View, trunk: string): readonly Branch[] =>
  [...view.all('interfaces')].filter(isBranch).filter((each) => each.trunk.interface === trunk);

/** Told from the instance's type; a trunk without an instance takes any number until then. */
function mustFit(view: View, { id, attachment }: InterfaceEntity, count: number): void {
  const instance = attachment === undefined ? undefined : view.get('instances', attachment.instance);
  if (instance === undefined || count <= limitsOf(instance.type).branchInterfaces) return;
  throw new Ec2Error('BranchInterfaceLimitExceeded', `The trunk interface '${id}' takes no more branch interfaces.`);
}

export function disassociateTrunkInterface(
  draft: Draft,
  request: DisassociateTrunkInterfaceRequest,
): DisassociateTrunkInterfaceResult {
  const branch = find(draft, request.AssociationId ?? '');
  disassociate(draft, branch);
  return { Return: true, ClientToken: request.ClientToken };
}

function disassociate(draft: Draft, { trunk: _trunk, ...entity }: Branch): void {
  draft.put('interfaces', { ...entity, type: 'interface' });
}

/** Before a trunk goes. */
export function freeBranches(draft: Draft, trunk: string): void {
  for (const branch of branchesOf(draft, trunk)) disassociate(draft, branch);
}

function find(view: View, id: string): Branch {
  const found = [...view.all('interfaces')].filter(isBranch).find(({ trunk }) => trunk.association === id);
  if (found !== undefined) return found;
  throw new Ec2Error('InvalidAssociationID.NotFound', `The association ID '${id}' does not exist`);
}

export function describeTrunkInterfaceAssociations(
  view: View,
  request: DescribeTrunkInterfaceAssociationsRequest,
): DescribeTrunkInterfaceAssociationsResult {
  const ids = request.AssociationIds ?? [];
  const all = ids.length === 0 ? [...view.all('interfaces')].filter(isBranch) : ids.map((id) => find(view, id));
  const found = applyFilters(all, request.Filters, { 'gre-key': () => [], 'interface-protocol': () => ['VLAN'] });
  const { page, nextToken } = paginate(found, { request, idOf: ({ trunk }) => trunk.association, most: 255 });
  return { NextToken: nextToken, InterfaceAssociations: page.map(answerAssociation) };
}

const answerAssociation = ({ id, trunk, tags }: Branch): TrunkInterfaceAssociation => ({
  AssociationId: trunk.association,
  BranchInterfaceId: id,
  TrunkInterfaceId: trunk.interface,
  InterfaceProtocol: 'VLAN',
  VlanId: trunk.vlan,
  Tags: answerTags(tags),
});
