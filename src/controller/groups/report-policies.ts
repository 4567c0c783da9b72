/** Tells whoever has written a policy what is wrong with it, on the policy itself. */
import { isDeepStrictEqual } from 'node:util';

import { CodedError } from '../../core/errors/coded-error.ts';
import { defectsOf, type GroupPolicy } from '../../core/groups/policy.ts';
import { type EventRecorder, reasonOf } from '../../kube/events.ts';
import type { Informer } from '../../kube/port.ts';
import { apiVersionOf, resources } from '../../kube/resources.ts';

export interface PolicyReporterOptions {
  readonly policies: Pick<Informer<GroupPolicy>, 'all' | 'onChange'>;
  readonly events: EventRecorder;
}

/** Returns the way to stop. */
export function reportPolicies({ policies, events }: PolicyReporterOptions): () => void {
  const { kind } = resources.securityGroupPolicies;
  const apiVersion = apiVersionOf(resources.securityGroupPolicies);
  const report = (policy: GroupPolicy): void => {
    const [detail] = defectsOf(policy);
    if (detail === undefined) return;
    const { code, message } = new CodedError('policy-invalid', { detail });
    const about = { apiVersion, kind, ...policy.metadata };
    void events.record({ about, type: 'Warning', reason: reasonOf(code), message });
  };
  for (const policy of policies.all()) report(policy);
  return policies.onChange(({ object, previous }) => {
    if (object !== undefined && !isDeepStrictEqual(object, previous)) report(object);
  });
}
