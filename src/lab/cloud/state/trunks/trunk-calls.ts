/**
 * Trunk associations as for an account that EC2 has not admitted to them: there can be no trunk interface, so nothing
 * can be associated with one.
 */
import type {
  AssociateTrunkInterfaceRequest,
  DescribeTrunkInterfaceAssociationsRequest,
  DescribeTrunkInterfaceAssociationsResult,
  DisassociateTrunkInterfaceRequest,
} from '@aws-sdk/client-ec2';

import { paginate } from '../describe/paginate.ts';
import type { Draft, View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { required } from '../resource-kinds.ts';

export function associateTrunkInterface(draft: Draft, request: AssociateTrunkInterfaceRequest): object {
  required(draft, 'interface', request.BranchInterfaceId ?? '');
  const trunk = required(draft, 'interface', request.TrunkInterfaceId ?? '');
  throw new Ec2Error('InvalidParameterValue', `The network interface '${trunk.id}' is not a trunk interface.`);
}

const unknownAssociation = (id: string): Ec2Error =>
  new Ec2Error('InvalidAssociationID.NotFound', `The association ID '${id}' does not exist`);

export function disassociateTrunkInterface(_draft: Draft, request: DisassociateTrunkInterfaceRequest): object {
  throw unknownAssociation(request.AssociationId ?? '');
}

export function describeTrunkInterfaceAssociations(
  _view: View,
  request: DescribeTrunkInterfaceAssociationsRequest,
): DescribeTrunkInterfaceAssociationsResult {
  const [id] = request.AssociationIds ?? [];
  if (id !== undefined) throw unknownAssociation(id);
  paginate([], { request, idOf: () => '', most: 255 });
  return { InterfaceAssociations: [] };
}
