/** The route table of a subnet as the fabric is told it. Pure. */
import { prefix } from '../../../core/address/prefix.ts';
import type { Route, RouteTarget } from '../../../core/vpc/model.ts';
import type { View } from '../state/draft.ts';
import type { RouteEntity, RouteTableEntity, SubnetEntity } from '../state/tables.ts';

/** Without the local routes, which packets need none for. */
export function routesOf(view: View, subnet: SubnetEntity): readonly Route[] {
  return (tableOf(view, subnet)?.routes ?? []).map((route) => ({
    destination: prefix(route.destination),
    target: targetOf(view, subnet.vpc, route),
  }));
}

/** The one that is associated with it, else the VPC's main one. */
function tableOf(view: View, subnet: SubnetEntity): RouteTableEntity | undefined {
  const tables = [...view.all('routeTables')].filter(({ vpc }) => vpc === subnet.vpc);
  const has = (wanted: string | undefined) =>
    tables.find((table) => table.associations.some((one) => one.subnet === wanted));
  return has(subnet.id) ?? has(undefined);
}

function targetOf(view: View, vpc: string, { target: { kind, id } }: RouteEntity): RouteTarget {
  if (kind === 'interface') return { kind: 'private', id };
  if (kind === 'natGateway') {
    return view.get('natGateways', id)?.state === 'available' ? { kind, id } : { kind: 'blackhole' };
  }
  return view.get('internetGateways', id)?.vpc === vpc ? { kind: 'internetGateway', id } : { kind: 'blackhole' };
}
