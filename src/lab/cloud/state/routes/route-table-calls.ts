/** Route tables and which subnets use them. Every VPC has a main one, which serves subnets that name no other. */
import type {
  AssociateRouteTableRequest,
  AssociateRouteTableResult,
  CreateRouteTableRequest,
  CreateRouteTableResult,
  DeleteRouteTableRequest,
  DisassociateRouteTableRequest,
  ReplaceRouteTableAssociationRequest,
  ReplaceRouteTableAssociationResult,
} from '@aws-sdk/client-ec2';

import type { CallContext } from '../context.ts';
import type { Draft } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { rememberToken, usedToken } from '../idempotency.ts';
import { newId } from '../random.ts';
import { required } from '../resource-kinds.ts';
import type { RouteTableAssociation, RouteTableEntity, Tags } from '../tables.ts';
import { tagsOnCreate } from '../tags/tags.ts';
import { answerRouteTable } from './describe-routes.ts';

const TABLES_PER_VPC = 200;
const action = 'CreateRouteTable';

export function addRouteTable(
  draft: Draft,
  { vpc, main, tags }: { readonly vpc: string; readonly main: boolean; readonly tags: Tags },
): RouteTableEntity {
  const table: RouteTableEntity = {
    id: newId(draft, 'rtb'),
    vpc,
    routes: [],
    associations: main ? [{ id: newId(draft, 'rtbassoc') }] : [],
    tags,
  };
  draft.put('routeTables', table);
  return table;
}

export function createRouteTable(
  draft: Draft,
  request: CreateRouteTableRequest,
  context: CallContext,
): CreateRouteTableResult {
  const [made] = usedToken(draft, action, request) ?? [];
  const answer = (table: RouteTableEntity): CreateRouteTableResult => ({
    RouteTable: answerRouteTable(draft, table, context),
    ClientToken: request.ClientToken,
  });
  if (made !== undefined) return answer(required(draft, 'routeTable', made));
  const vpc = required(draft, 'vpc', request.VpcId ?? '');
  if ([...draft.all('routeTables')].filter((each) => each.vpc === vpc.id).length >= TABLES_PER_VPC) {
    throw new Ec2Error('RouteTableLimitExceeded', 'The maximum number of route tables has been reached.');
  }
  const tags = tagsOnCreate(request.TagSpecifications, 'route-table');
  const table = addRouteTable(draft, { vpc: vpc.id, main: false, tags });
  rememberToken(draft, { action, request, resources: [table.id] });
  return answer(table);
}

export function deleteRouteTable(draft: Draft, request: DeleteRouteTableRequest): object {
  const table = required(draft, 'routeTable', request.RouteTableId ?? '');
  if (table.associations.length > 0) {
    throw new Ec2Error('DependencyViolation', `The routeTable '${table.id}' has dependencies and cannot be deleted.`);
  }
  draft.remove('routeTables', table.id);
  return {};
}

const associated = { State: 'associated' } as const;

export function associateRouteTable(draft: Draft, request: AssociateRouteTableRequest): AssociateRouteTableResult {
  const table = required(draft, 'routeTable', request.RouteTableId ?? '');
  if (request.SubnetId === undefined) {
    throw new Ec2Error('UnsupportedOperation', "The lab's cloud associates route tables with subnets only.");
  }
  const subnet = required(draft, 'subnet', request.SubnetId);
  if (subnet.vpc !== table.vpc) {
    throw new Ec2Error(
      'InvalidParameterValue',
      `Route table ${table.id} and subnet ${subnet.id} belong to different networks`,
    );
  }
  const taken = [...draft.all('routeTables')].flatMap((each) => each.associations);
  if (taken.some((each) => each.subnet === subnet.id)) {
    throw new Ec2Error(
      'Resource.AlreadyAssociated',
      `the specified association for route table ${table.id} conflicts with an existing association`,
    );
  }
  const id = newId(draft, 'rtbassoc');
  draft.put('routeTables', { ...table, associations: [...table.associations, { id, subnet: subnet.id }] });
  return { AssociationId: id, AssociationState: associated };
}

function findAssociation(
  draft: Draft,
  id: string,
): { readonly table: RouteTableEntity; readonly association: RouteTableAssociation } {
  for (const table of draft.all('routeTables')) {
    const association = table.associations.find((each) => each.id === id);
    if (association !== undefined) return { table, association };
  }
  throw new Ec2Error('InvalidAssociationID.NotFound', `The association ID '${id}' does not exist`);
}

export function disassociateRouteTable(draft: Draft, request: DisassociateRouteTableRequest): object {
  const { table, association } = findAssociation(draft, request.AssociationId ?? '');
  if (association.subnet === undefined) {
    throw new Ec2Error(
      'InvalidParameterValue',
      `cannot disassociate the main route table association ${association.id}`,
    );
  }
  draft.put('routeTables', { ...table, associations: table.associations.filter((each) => each !== association) });
  return {};
}

/** With the main association it makes another table the VPC's main one. */
export function replaceRouteTableAssociation(
  draft: Draft,
  request: ReplaceRouteTableAssociationRequest,
): ReplaceRouteTableAssociationResult {
  const { table, association } = findAssociation(draft, request.AssociationId ?? '');
  required(draft, 'routeTable', request.RouteTableId ?? '');
  draft.put('routeTables', { ...table, associations: table.associations.filter((each) => each !== association) });
  const next = required(draft, 'routeTable', request.RouteTableId ?? '');
  if (next.vpc !== table.vpc) {
    throw new Ec2Error('InvalidParameterValue', `Route tables ${table.id} and ${next.id} belong to different networks`);
  }
  const id = newId(draft, 'rtbassoc');
  draft.put('routeTables', { ...next, associations: [...next.associations, { ...association, id }] });
  return { NewAssociationId: id, AssociationState: associated };
}
