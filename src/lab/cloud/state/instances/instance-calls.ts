/** TerminateInstances and DescribeInstances. */
import type {
  DescribeInstancesRequest,
  DescribeInstancesResult,
  TerminateInstancesRequest,
  TerminateInstancesResult,
} from '@aws-sdk/client-ec2';

import type { CallContext } from '../context.ts';
import { applyFilters } from '../describe/filters.ts';
import { paginate } from '../describe/paginate.ts';
import type { Draft, View } from '../draft.ts';
import { Ec2Error } from '../ec2-error.ts';
import { requesterOf } from '../interfaces/answer-interface.ts';
import { listed } from '../resource-kinds.ts';
import type { InstanceEntity, InterfaceEntity } from '../tables.ts';
import { answerInstance, stateOf } from './answer-instance.ts';
import { instanceFilters } from './instance-filters.ts';

/** One unknown or protected instance and none is terminated; again is success. */
export function terminateInstances(
  draft: Draft,
  request: TerminateInstancesRequest,
  context: CallContext,
): TerminateInstancesResult {
  const ids = request.InstanceIds ?? [];
  if (ids.length === 0) throw new Ec2Error('MissingParameter', 'The request must contain the parameter InstanceId');
  const instances = listed(draft, 'instance', ids);
  const refused = instances.find(({ terminationProtected }) => terminationProtected);
  if (refused !== undefined) {
    throw new Ec2Error(
      'OperationNotPermitted',
      `The instance '${refused.id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
    );
  }
  const settleAtMs = context.nowMs + context.settlingMs('terminate');
  return {
    TerminatingInstances: instances.map((instance) => {
      const PreviousState = stateOf(instance.state);
      if (instance.state === 'shutting-down' || instance.state === 'terminated') {
        return { InstanceId: instance.id, PreviousState, CurrentState: PreviousState };
      }
      draft.put('instances', { ...instance, state: 'shutting-down', settleAtMs });
      return { InstanceId: instance.id, PreviousState, CurrentState: stateOf('shutting-down') };
    }),
  };
}

export function describeInstances(
  view: View,
  request: DescribeInstancesRequest,
  context: CallContext,
): DescribeInstancesResult {
  const interfaces = new Map<string, InterfaceEntity[]>();
  for (const each of view.all('interfaces')) {
    if (each.attachment === undefined) continue;
    const present = interfaces.get(each.attachment.instance);
    if (present === undefined) interfaces.set(each.attachment.instance, [each]);
    else present.push(each);
  }
  const interfacesOf = ({ id }: InstanceEntity): readonly InterfaceEntity[] => interfaces.get(id) ?? [];
  const all = listed(view, 'instance', request.InstanceIds);
  const found = applyFilters(all, request.Filters, instanceFilters({ view, context, interfacesOf }));
  const { page, nextToken } = paginate(found, {
    request,
    idOf: (each) => each.id,
    exclusive: { name: 'instancesSet', ids: request.InstanceIds },
  });
  const reservations = Map.groupBy(page, ({ reservation }) => reservation);
  return {
    NextToken: nextToken,
    Reservations: [...reservations].map(([ReservationId, instances]) => ({
      ReservationId,
      OwnerId: context.account,
      RequesterId: requesterOf(context),
      Groups: [],
      Instances: instances.map((each) => answerInstance(view, each, interfacesOf(each), context)),
    })),
  };
}
